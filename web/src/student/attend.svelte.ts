// One student in one session: what the phone knows, and checking in.

import { Problem } from "../api";
import { LiveClient, type Status } from "../live/client";
import type { Counts, Mark, Source, Status as SessionStatus, StudentSnapshot, StateDelta } from "../live/messages";
import { keepTicket, takeTicket } from "./ticket";

/** The student's own line in the record. */
export interface Own {
  mark: Mark;
  at: number;
  source: Source;
}

/** Where the check-in stands. `sending` lasts as long as the line is away. */
export type Asking = "idle" | "sending" | "sent";

/** Refusals after which a ticket is of no more use. */
const spent = ["ticket_wrong", "ticket_old", "ticket_used", "not_enrolled"];

export class Attend {
  status = $state<Status>("connecting");
  session = $state<SessionStatus>();
  title = $state("");
  course = $state("");
  counts = $state<Counts>([0, 0, 0, 0, 0]);
  own = $state<Own>({ mark: "unset", at: 0, source: "" });
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

  constructor(id: number) {
    this.id = id;
    this.ticket = takeTicket(id);
    this.#client = new LiveClient<StudentSnapshot>(
      { session: id, audience: "student" },
      {
        snapshot: (s) => {
          this.title = s.title;
          this.course = s.course.title;
          this.#state(s);
        },
        delta: (d) => this.#state(d),
        status: (s) => {
          this.status = s;
          if (this.asking === "sending" && (s === "offline" || s === "reconnecting")) this.delayed = true;
        },
        refused: (p) => (this.refused = p),
      },
    );
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
    void this.#await(this.#client.send({ t: "check_in", ...proof }));
  }

  async #await(answer: Promise<{ mark?: Mark; at?: number; source?: Source }>): Promise<void> {
    this.asking = "sending";
    this.refusal = undefined;
    try {
      const { mark = "unset", at = 0, source = "" } = await answer;
      this.own = { mark, at, source };
      this.asking = "sent";
      this.#dropTicket();
    } catch (err) {
      this.asking = "idle";
      this.refusal = err instanceof Problem ? err : new Problem(0, "internal", String(err));
      if (spent.includes(this.refusal.code)) this.#dropTicket();
    }
  }

  #dropTicket(): void {
    this.ticket = undefined;
    keepTicket(this.id, undefined);
  }

  #state(s: StudentSnapshot | StateDelta): void {
    this.session = s.status;
    this.counts = s.counts;
    if (s.you) {
      const [, mark, at, source] = s.you;
      this.own = { mark, at, source };
    }
  }
}
