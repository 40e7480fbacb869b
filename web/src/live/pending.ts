// Commands that wait for their answer. A check-in survives a reload of the page.

import { Problem } from "../api";
import type { Ack, Command, Failure } from "./messages";

interface Waiting {
  command: Command;
  done: (ack: Ack) => void;
  failed: (problem: Problem) => void;
}

/** The part of localStorage that is used. */
export type Storage = Pick<globalThis.Storage, "getItem" | "setItem" | "removeItem">;

/** A check-in made before the page was loaded again. */
export interface Kept {
  id: string;
  command: Command;
  answer: Promise<Ack>;
}

export class Pending {
  #waiting = new Map<string, Waiting>();
  #storage: Storage | undefined;
  #key: string;
  readonly kept: Kept | undefined;

  constructor(session: number, storage: Storage | undefined) {
    this.#storage = storage;
    this.#key = `muster.check-in.${session}`;
    this.kept = this.#restore();
  }

  /** Every command that waits, oldest first. */
  *[Symbol.iterator](): Iterator<[id: string, command: Command]> {
    for (const [id, { command }] of this.#waiting) yield [id, command];
  }

  add(command: Command, id = newId()): { id: string; answer: Promise<Ack> } {
    if (command.t === "check_in") this.#keep(JSON.stringify({ id, command }));
    const answer = new Promise<Ack>((done, failed) => this.#waiting.set(id, { command, done, failed }));
    return { id, answer };
  }

  ack(ack: Ack): void {
    this.#take(ack.id)?.done(ack);
  }

  fail(failure: Failure): void {
    this.#take(failure.id ?? "")?.failed(new Problem(0, failure.code, failure.message, failure.field, failure.retry_ms));
  }

  #take(id: string): Waiting | undefined {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (found?.command.t === "check_in") this.#keep(undefined);
    return found;
  }

  #keep(text: string | undefined): void {
    try {
      if (text === undefined) this.#storage?.removeItem(this.#key);
      else this.#storage?.setItem(this.#key, text);
    } catch {
      // A full or forbidden storage costs only what a reload would have kept.
    }
  }

  #restore(): Kept | undefined {
    try {
      const text = this.#storage?.getItem(this.#key);
      if (!text) return undefined;
      const { id, command } = JSON.parse(text) as { id: string; command: Command };
      return { id, command, answer: this.add(command, id).answer };
    } catch {
      this.#keep(undefined);
      return undefined;
    }
  }
}

/** 96 random bits as 24 hexadecimal digits. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
