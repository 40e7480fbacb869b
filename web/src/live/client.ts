// Keeps a page in step with a session: applies what comes in order, notices what is
// missing, and sends again what was not acknowledged.

import type { Problem } from "../api";
import { Connection, type Net, type Status } from "./connection";
import type { Ack, AnySnapshot, BoardDelta, Codes, Command, Failure, Presence, ServerMessage, StateDelta } from "./messages";
import { Pending, type Kept, type Storage } from "./pending";
import { Pulse } from "./pulse";
import { eventStream, polling, post, readState, webSocket, type Room } from "./transports";

export type { Status } from "./connection";

export interface Listener<S extends AnySnapshot> {
  snapshot(snapshot: S): void;
  delta(delta: S extends { audience: "board" } ? BoardDelta : StateDelta): void;
  status?(status: Status): void;
  presence?(presence: Presence): void;
  codes?(codes: Codes): void;
  /** The server will not let us in; trying again is no use. */
  refused?(problem: Problem): void;
}

/** What the client takes from the outside, so that tests can bring their own. */
export interface World extends Net {
  storage: Storage | undefined;
  /** Sends a command beside any line; an error of code busy says that no answer came. */
  post(room: Room, id: string, command: Command): Promise<ServerMessage>;
}

function browser(): World {
  let storage: Storage | undefined;
  try {
    storage = localStorage;
  } catch {
    // Forbidden by the browser's settings.
  }
  return { transports: [webSocket, eventStream, polling], probe: readState, random: Math.random, storage, post };
}

/** Errors by which a command was not decided: it is sent again, with its id. */
const undecided = ["busy", "too_many"];
const sendAgainAfter = 2000;

export class LiveClient<S extends AnySnapshot> {
  readonly #on: Listener<S>;
  readonly #post: (id: string, command: Command) => Promise<ServerMessage>;
  readonly #connection: Connection;
  readonly #pending: Pending;
  readonly #pulse = new Pulse(() => this.#connection.lost());
  readonly #again = new Set<ReturnType<typeof setTimeout>>();
  #inStep = false; // the present line has brought its first state, and we have sent what waited
  #seq: number | undefined;
  #roster: number | undefined;

  constructor(room: Room, on: Listener<S>, world: World = browser()) {
    this.#on = on;
    this.#post = (id, command) => world.post(room, id, command);
    this.#pending = new Pending(room.session, room.audience === "student" ? world.storage : undefined);
    this.#connection = new Connection(
      room,
      {
        resume: () => ({ seq: this.#seq, roster: this.#roster }),
        up: (line) => this.#pulse.start(line),
        message: (m) => this.#take(m),
        down: () => this.#down(),
        status: (s) => on.status?.(s),
        refused: (p) => {
          this.stop();
          on.refused?.(p);
        },
      },
      world,
    );
  }

  /** A check-in that was made, but not answered, before this page was loaded. */
  get kept(): Kept | undefined {
    return this.#pending.kept;
  }

  get status(): Status {
    return this.#connection.status;
  }

  /** The last round trip in milliseconds; undefined before the first. */
  get roundTrip(): number | undefined {
    return this.#pulse.roundTrip;
  }

  /** Now, by the server's clock. */
  now(): number {
    return this.#pulse.now();
  }

  start(): void {
    if (typeof window !== "undefined") {
      window.addEventListener("online", this.#found);
      window.addEventListener("offline", this.#lost);
      window.addEventListener("pageshow", this.#look);
      document.addEventListener("visibilitychange", this.#look);
    }
    this.#connection.connect();
  }

  stop(): void {
    if (typeof window !== "undefined") {
      window.removeEventListener("online", this.#found);
      window.removeEventListener("offline", this.#lost);
      window.removeEventListener("pageshow", this.#look);
      document.removeEventListener("visibilitychange", this.#look);
    }
    this.#connection.stop();
  }

  /**
   * Resolves when the command is committed; rejects with a Problem when it is refused.
   * The id is given if the same command may have been sent already in another way.
   */
  send(command: Command, known?: string): Promise<Ack> {
    const { id, answer } = this.#pending.add(command, known);
    if (this.#inStep) this.#connection.line?.command(id, command);
    else if (this.#seq === undefined) void this.#sendAhead(id, command);
    return answer;
  }

  /**
   * Sends a command while the first line is still being opened, which takes two round
   * trips where this takes one. If nothing comes of it, or both ways are open, the line
   * sends it as well: under one id it is done once.
   */
  async #sendAhead(id: string, command: Command): Promise<void> {
    const answer = await this.#post(id, command);
    if (answer.t !== "error" || !undecided.includes(answer.code)) this.#take(answer);
  }

  /** The page is back: sees whether the line still holds. */
  #look = () => {
    if (document.visibilityState === "hidden") return;
    if (this.#connection.line) this.#pulse.ping();
    else this.#connection.look();
  };

  /** The network is back: no wait was meant for this. */
  #found = () => {
    if (this.#connection.line) this.#pulse.ping();
    else this.#connection.connect();
  };

  #lost = () => this.#connection.lost("offline");

  #down(): void {
    this.#pulse.stop();
    for (const timer of this.#again) clearTimeout(timer);
    this.#again.clear();
    this.#inStep = false;
  }

  #take(m: ServerMessage): void {
    switch (m.t) {
      case "snapshot":
        this.#seq = m.seq;
        if (m.audience === "board") this.#roster = m.roster;
        if (m.audience === "student") this.#pending.of(m.you[0]);
        this.#pulse.guess(m.now);
        this.#on.snapshot(m as S);
        this.#sendPending();
        break;
      case "delta":
        this.#apply(m);
        break;
      case "presence":
        this.#on.presence?.(m);
        break;
      case "codes":
        this.#on.codes?.(m);
        break;
      case "ack":
        this.#pending.ack(m);
        break;
      case "error":
        if (m.id) this.#fail(m.id, m);
        break;
      case "pong":
        this.#pulse.pong(m.n, m.now);
    }
  }

  #apply(m: BoardDelta | StateDelta): void {
    const seq = this.#seq;
    if (seq === undefined || m.from > seq + 1) return this.#connection.again(); // something is missing
    if ("you" in m && m.you) this.#pending.of(m.you[0]);
    if (m.to >= seq) {
      this.#seq = m.to;
      // A new line may begin before the place that the old one had reached.
      const fresh = "events" in m ? { ...m, from: seq + 1, events: m.events.filter(([at]) => at > seq) } : m;
      (this.#on.delta as (d: BoardDelta | StateDelta) => void)(fresh);
    }
    this.#sendPending();
  }

  /** Once the first state has come, sends what was not acknowledged over an earlier line. */
  #sendPending(): void {
    if (this.#inStep) return;
    this.#inStep = true;
    for (const [id, command] of this.#pending) this.#connection.line?.command(id, command);
  }

  #fail(id: string, failure: Failure): void {
    if (!undecided.includes(failure.code)) return this.#pending.fail(failure);
    const timer = setTimeout(() => {
      this.#again.delete(timer);
      const command = this.#pending.get(id);
      if (command) this.#connection.line?.command(id, command);
    }, failure.retry_ms || sendAgainAfter);
    this.#again.add(timer);
  }
}
