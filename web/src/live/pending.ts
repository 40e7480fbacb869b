// Commands that wait for their answer. A check-in survives a reload of the page.

import { Problem } from "../api";
import type { Ack, Command, Failure } from "./messages";

interface Waiting {
  command: Command;
  done: (ack: Ack) => void;
  failed: (problem: Problem) => void;
}

/** A check-in as it is kept, with who made it. */
interface Stored {
  id: string;
  person: number | undefined;
  command: Command;
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
  #person: number | undefined;
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

  get(id: string): Command | undefined {
    return this.#waiting.get(id)?.command;
  }

  /** Says who is signed in. What somebody else asked for on this phone is not sent. */
  of(person: number): void {
    if (this.#person !== undefined && this.#person !== person)
      for (const [id] of this)
        this.fail({ t: "error", id, code: "forbidden", message: "Somebody else is signed in here now, so nothing was sent." });
    this.#person = person;
  }

  add(command: Command, id = newId()): { id: string; answer: Promise<Ack> } {
    if (command.t === "check_in") this.#keep({ id, person: this.#person, command });
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
    if (this.#stored()?.id === id) this.#keep(undefined);
    return found;
  }

  #keep(stored: Stored | undefined): void {
    try {
      if (stored) this.#storage?.setItem(this.#key, JSON.stringify(stored));
      else this.#storage?.removeItem(this.#key);
    } catch {
      // A full or forbidden storage costs only what a reload would have kept.
    }
  }

  #stored(): Stored | undefined {
    try {
      const stored = JSON.parse(this.#storage?.getItem(this.#key) ?? "null") as Stored | null;
      return stored?.id && stored.command ? stored : undefined;
    } catch {
      return undefined;
    }
  }

  #restore(): Kept | undefined {
    const stored = this.#stored();
    if (!stored) return undefined;
    const { id, person, command } = stored;
    this.#person = person;
    return { id, command, answer: this.add(command, id).answer };
  }
}

/** 96 random bits as 24 hexadecimal digits. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (b) => b.toString(16).padStart(2, "0")).join("");
}
