// One student in one session: what the phone knows, and checking in.

import { Problem } from "../api";
import { LiveClient, type Status } from "../live/client";
import type { Counts, Mark, Source, Status as SessionStatus, StudentSnapshot, StateDelta } from "../live/messages";
import { choiceOf, same, wordOf } from "../ui/marks";
import { known } from "../ui/statuses";
import type { First } from "./first";
import { keepTicket, takeTicket } from "./ticket";

/** The student's own line in the record. */
export interface Own {
  mark: Mark;
  at: number;
  source: Source;
  /** Which status the mark stands for; left out: the mark itself. */
  status?: string;
}

/** Where the check-in stands. `sending` lasts as long as the line is away. */
export type Asking = "idle" | "sending" | "sent";

/** Refusals after which a ticket is of no more use. */
const spent = ["ticket_wrong", "ticket_old", "ticket_used", "not_enrolled"];

export class Attend {
  status = $state<Status>("connecting");
  session = $state<SessionStatus>();
  title = $state("");
  cancelled = $state(false);
  course = $state("");
  counts = $state<Counts>([0, 0, 0, 0, 0]);
  own = $state.raw<Own>({ mark: "unset", at: 0, source: "" });
  /** What that status is called; empty as long as that is not known, or if there is none. */
  called = $state("");
  asking = $state<Asking>("idle");
  /** Why the last check-in was refused. */
  refusal = $state<Problem>();
  /** Why we may not be here at all. */
  refused = $state<Problem>();
  ticket = $state<string>();
  /** Whether the check-in waited for the line before it was sent. */
  delayed = $state(false);

  readonly id: number;
  readonly #client: LiveClient<StudentSnapshot>;

  /** Of the check-in that the page's form may have sent already. */
  #commandID: string | undefined;

  /** What was written into the page, if anything was, and whom to tell that there is more to see. */
  constructor(id: number, first?: First, news?: () => void) {
    const told =
      <A extends unknown[]>(take: (...a: A) => void) =>
      (...a: A) => {
        take(...a);
        news?.();
      };
    this.id = id;
    if (first?.ticket) keepTicket(id, first.ticket);
    this.ticket = first?.ticket ?? takeTicket(id);
    this.#commandID = first?.id;
    this.#client = new LiveClient<StudentSnapshot>(
      { session: id, audience: "student" },
      {
        snapshot: told((s) => this.#show(s)),
        delta: told((d) => this.#state(d)),
        status: told((s) => {
          this.status = s;
          if (this.asking === "sending" && (s === "offline" || s === "reconnecting")) this.delayed = true;
        }),
        refused: told((p) => (this.refused = p)),
      },
    );
    if (!first) return;
    this.#show(first.state, first.called);
  }

  get here(): number {
    return this.counts[0] + this.counts[1];
  }

  get total(): number {
    return this.counts.reduce((sum, n) => sum + n, 0);
  }

  get away(): boolean {
    return this.status === "offline" || this.status === "reconnecting";
  }

  start(): () => void {
    this.#client.start();
    const kept = this.#client.kept;
    if (kept) {
      this.delayed = true;
      void this.#await(kept.answer);
    }
    return () => this.#client.stop();
  }

  checkIn(code?: string): void {
    this.delayed = this.away;
    const proof = code === undefined ? { ticket: this.ticket ?? "" } : { code };
    void this.#await(this.#client.send({ t: "check_in", ...proof }, this.#commandID));
    this.#commandID = undefined;
  }

  async #await(answer: Promise<{ mark?: Mark; at?: number; source?: Source }>): Promise<void> {
    this.asking = "sending";
    this.refusal = undefined;
    try {
      const { mark = "unset", at = 0, source = "" } = await answer;
      // An answer says nothing of the status.
      if (mark !== this.own.mark || at !== this.own.at) this.#mark({ mark, at, source });
      this.asking = "sent";
      this.#dropTicket();
    } catch (err) {
      this.asking = "idle";
      this.refusal = err instanceof Problem ? err : new Problem(0, "internal", String(err));
      if (spent.includes(this.refusal.code)) this.#dropTicket();
    }
  }

  /** The page's form has been sent and answered, which need not be told again, or is seen in the state. */
  settled(own?: Own): void {
    if (own) {
      this.#mark({ mark: own.mark, at: own.at, source: own.source });
      this.asking = "sent";
    }
    this.#commandID = undefined;
    this.#dropTicket();
  }

  #dropTicket(): void {
    this.ticket = undefined;
    keepTicket(this.id, undefined);
  }

  #show(s: StudentSnapshot, called?: string): void {
    this.title = s.title;
    this.cancelled = s.cancelled ?? false;
    this.course = s.course.title;
    this.#state(s, called);
  }

  #state(s: StudentSnapshot | StateDelta, called?: string): void {
    this.session = s.status;
    this.counts = s.counts;
    if (s.you) {
      const [, mark, at, source, status] = s.you;
      this.#mark({ mark, at, source, status }, called);
    }
  }

  #mark(own: Own, called?: string): void {
    this.called = called ?? (same(own, this.own) ? this.called : "");
    this.own = own;
    if (own.status && !this.called) void this.#call(own);
  }

  /** Finds out what the status of a mark is called. */
  async #call(own: Own): Promise<void> {
    await known({ session: this.id });
    if (own === this.own && choiceOf(own).status) this.called = wordOf(own);
  }
}
