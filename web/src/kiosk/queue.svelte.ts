// Cards that were read, on their way to the server: one after the other, kept on this
// device until they are answered, so that neither a broken line nor a closed page
// loses one.

import { Problem } from "../api";
import type { Answer, Server } from "./api";

interface Read {
  id: string;
  card: string;
  /** When it was read. */
  at: number;
  /** The key of the status that it stands for. */
  status?: string;
}

export type Told = { kind: "answer"; answer: Answer } | { kind: "refused"; why: string; card: string } | { kind: "kept" };

export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** Errors after which the same card is sent again. */
const passing = ["offline", "busy", "storage", "too_many", "internal"];
/** Errors by which the link does not work any more. */
const dead = ["not_signed_in", "forbidden", "unknown_session"];
const again = 3000; // ms
/** A card that is shown again within this time is the same one, held too long. */
const held = 2000;
const longest = 12 * 3_600_000;

/** Reports whether a problem says that the link is dead; any other may pass by itself. */
export const isDead = (problem: Problem): boolean => dead.includes(problem.code);

export class CardQueue {
  waiting = $state.raw<readonly Read[]>([]);
  /** Cards that were refused after they had waited: somebody has to look after them. */
  lost = $state.raw<readonly { card: string; why: string }[]>([]);
  read = $state(0);
  offline = $state(false);
  /** The link no longer works. */
  dead = $state.raw<Problem>();

  readonly #server: Server;
  readonly #told: (told: Told) => void;
  readonly #store: Store | undefined;
  readonly #key: string;
  readonly #now: () => number;
  #busy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last: Read | undefined;

  constructor(session: number, server: Server, told: (told: Told) => void, store?: Store, now: () => number = Date.now) {
    this.#server = server;
    this.#told = told;
    this.#store = store;
    this.#key = `muster.kiosk.${session}`;
    this.#now = now;
    try {
      this.waiting = (JSON.parse(store?.getItem(this.#key) ?? "[]") as Read[]).filter((r) => now() - r.at < longest);
    } catch {
      // What cannot be read is none of ours.
    }
    if (this.waiting.length > 0) void this.send();
  }

  /** add takes a card in. */
  add(card: string, status = ""): void {
    const at = this.#now();
    if (this.#last?.card === card && at - this.#last.at < held) return;
    this.#last = { id: `card-${at.toString(36)}-${Math.random().toString(36).slice(2, 10)}`, card, at, status };
    this.read++;
    this.#keep([...this.waiting, this.#last]);
    if (this.offline) this.#told({ kind: "kept" });
    void this.send();
  }

  #keep(reads: readonly Read[]): void {
    this.waiting = reads;
    try {
      this.#store?.setItem(this.#key, JSON.stringify(reads));
    } catch {
      // A full or forbidden storage: it is kept as long as the page is open.
    }
  }

  /** send sends what waits, until the line breaks. */
  async send(): Promise<void> {
    if (this.#busy || this.dead) return;
    this.#busy = true;
    clearTimeout(this.#timer);
    try {
      for (let next = this.waiting[0]; next; next = this.waiting[0]) {
        if (!(await this.#one(next))) return;
      }
    } finally {
      this.#busy = false;
    }
  }

  /** Reports whether to go on with the next. */
  async #one(read: Read): Promise<boolean> {
    const waited = Math.max(0, this.#now() - read.at);
    const late = waited > 5000;
    try {
      // A second or two is the way to the server, and no wait.
      const answer = await this.#server.card(read.id, read.card, late ? waited : 0, read.status ?? "");
      this.offline = false;
      this.#told({ kind: "answer", answer });
    } catch (err) {
      const problem = err instanceof Problem ? err : new Problem(0, "internal", String(err));
      if (passing.includes(problem.code)) {
        if (!this.offline && problem.code !== "too_many") this.#told({ kind: "kept" });
        this.offline = problem.code !== "too_many";
        this.#timer = setTimeout(() => void this.send(), problem.retry || again);
        return false;
      }
      if (isDead(problem)) {
        this.dead = problem;
        return false;
      }
      this.offline = false;
      if (late) this.lost = [...this.lost, { card: read.card, why: problem.message }];
      this.#told({ kind: "refused", why: problem.message, card: read.card });
    }
    this.#keep(this.waiting.filter((r) => r !== read));
    return true;
  }
}
