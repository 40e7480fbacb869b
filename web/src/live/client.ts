// Keeps a page in step with a session: connects, comes back, fills gaps, sends again
// what was not acknowledged, and falls back to slower lines where the better ones
// are blocked.

import { Problem, offline } from "../api";
import type { Ack, AnySnapshot, BoardDelta, Codes, Command, Presence, ServerMessage, StateDelta } from "./messages";
import { Pending, type Kept, type Storage } from "./pending";
import { eventStream, polling, readState, webSocket, type Line, type Room, type Transport } from "./transports";

/**
 * - connecting: nothing has come yet
 * - live: in step
 * - slow: in step, over a line that is slower than a WebSocket
 * - reconnecting: what is shown may be old; trying to come back
 * - offline: the same, and the server cannot be reached at all
 */
export type Status = "connecting" | "live" | "slow" | "reconnecting" | "offline";

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
export interface World {
  transports: Transport[];
  /** Finds out why a line could not be opened: throws a Problem, or returns when all is well. */
  probe(room: Room): Promise<unknown>;
  random(): number;
  storage: Storage | undefined;
}

function browser(): World {
  let storage: Storage | undefined;
  try {
    storage = localStorage;
  } catch {
    // Forbidden by the browser's settings.
  }
  return { transports: [webSocket, eventStream, polling], probe: readState, random: Math.random, storage };
}

const firstWait = 250;
const longestWait = 10_000;
const pingEvery = 10_000;
// The first pings come faster: one that met a busy page would set our clock wrong.
const pingsAtFirst = 5;
const pingAtFirstEvery = 400;
const pongWithin = 4000;
const retryBestAfter = 60_000;
const failuresBeforeNext = 2;

/** Codes by which the server says that coming back is no use. */
const forbidden = 4003;
const signedOut = 4001;

export class LiveClient<S extends AnySnapshot> {
  readonly #room: Room;
  readonly #on: Listener<S>;
  readonly #world: World;
  readonly #pending: Pending;

  #line: Line | undefined;
  #kind = 0; // index into the world's transports
  #failures = 0; // in a row, of this kind, before anything came
  #tries = 0; // in a row, of any kind
  #heard = false; // something came over the present line
  #seq: number | undefined;
  #roster: number | undefined;
  #status: Status = "connecting";
  #stopped = false;

  #retry: ReturnType<typeof setTimeout> | undefined;
  #pinger: ReturnType<typeof setTimeout> | undefined;
  #pings = 0;
  #pingSent = 0;
  #bestRoundTrip = Infinity;
  #offset = 0;
  /** The last round trip in milliseconds; undefined before the first. */
  roundTrip: number | undefined;

  constructor(room: Room, on: Listener<S>, world: World = browser()) {
    this.#room = room;
    this.#on = on;
    this.#world = world;
    this.#pending = new Pending(room.session, room.audience === "student" ? world.storage : undefined);
  }

  /** A check-in that was made, but not answered, before this page was loaded. */
  get kept(): Kept | undefined {
    return this.#pending.kept;
  }

  get status(): Status {
    return this.#status;
  }

  /** Now, by the server's clock. */
  now(): number {
    return Date.now() + this.#offset;
  }

  start(): void {
    if (typeof window !== "undefined") {
      for (const event of ["online", "pageshow", "visibilitychange"])
        (event === "visibilitychange" ? document : window).addEventListener(event, this.#look);
      window.addEventListener("offline", this.#lost);
    }
    this.#connect();
  }

  stop(): void {
    this.#stopped = true;
    if (typeof window !== "undefined") {
      for (const event of ["online", "pageshow", "visibilitychange"])
        (event === "visibilitychange" ? document : window).removeEventListener(event, this.#look);
      window.removeEventListener("offline", this.#lost);
    }
    clearTimeout(this.#retry);
    this.#hangUp();
  }

  /** Resolves when the command is committed; rejects with a Problem when it is refused. */
  send(command: Command): Promise<Ack> {
    const { id, answer } = this.#pending.add(command);
    if (this.#heard) this.#line?.command(id, command);
    return answer;
  }

  /** The page is back, or the network is: see at once whether the line still holds. */
  #look = () => {
    if (typeof document !== "undefined" && document.visibilityState === "hidden") return;
    if (this.#line) this.#ping();
    else this.#connect();
  };

  #lost = () => {
    if (this.#line) this.#over(1006);
    this.#set("offline");
  };

  #connect(): void {
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#hangUp();
    this.#heard = false;
    const open = this.#world.transports[this.#kind] ?? webSocket;
    // What an old line still says is nothing to us.
    let line: Line | undefined;
    const current = () => line === undefined || line === this.#line;
    line = open(
      this.#room,
      { seq: this.#seq, roster: this.#roster },
      {
        message: (m) => current() && this.#take(m),
        closed: (code) => current() && this.#over(code),
      },
    );
    this.#line = line;
    if (this.#kind > 0) this.#retry = setTimeout(() => this.#tryBest(), retryBestAfter);
  }

  /** The best line may have come within reach again. */
  #tryBest(): void {
    this.#kind = 0;
    this.#failures = failuresBeforeNext - 1; // once is enough to see that it has not
    this.#connect();
  }

  #hangUp(): void {
    clearTimeout(this.#pinger);
    this.#line?.close();
    this.#line = undefined;
  }

  #take(m: ServerMessage): void {
    switch (m.t) {
      case "snapshot":
        this.#seq = m.seq;
        if (m.audience === "board") this.#roster = m.roster;
        if (this.#bestRoundTrip === Infinity) this.#offset = m.now - Date.now();
        this.#inStep();
        this.#on.snapshot(m as S);
        break;
      case "delta":
        if (this.#seq === undefined || m.from > this.#seq + 1) return this.#connect(); // something is missing
        this.#inStep();
        if (m.to < this.#seq) return;
        this.#seq = m.to;
        (this.#on.delta as (d: BoardDelta | StateDelta) => void)(m);
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
        if (m.id) this.#pending.fail(m);
        else if (!this.#heard) this.#refuse(new Problem(0, m.code, m.message));
        break;
      case "pong":
        this.#pong(m.n, m.now);
        break;
      case "bye":
        this.#over(1001, m.retry_ms);
    }
  }

  /** The first state has come over this line. */
  #inStep(): void {
    if (this.#heard) return;
    this.#heard = true;
    this.#failures = this.#tries = 0;
    this.#set(this.#kind === 0 ? "live" : "slow");
    for (const [id, command] of this.#pending) this.#line?.command(id, command);
    this.#ping();
  }

  #ping(): void {
    clearTimeout(this.#pinger);
    if (!this.#line?.ping || !this.#heard) return;
    this.#pingSent = Date.now();
    this.#line.ping(++this.#pings);
    this.#pinger = setTimeout(() => this.#over(1006), pongWithin);
  }

  #pong(n: number, now: number): void {
    if (n !== this.#pings) return;
    clearTimeout(this.#pinger);
    this.roundTrip = Date.now() - this.#pingSent;
    if (this.roundTrip <= this.#bestRoundTrip) {
      this.#bestRoundTrip = this.roundTrip;
      this.#offset = now + this.roundTrip / 2 - Date.now();
    }
    this.#pinger = setTimeout(() => this.#ping(), n < pingsAtFirst ? pingAtFirstEvery : pingEvery);
  }

  /** The line is over: come back, after what the server asked for or a random while. */
  #over(code: number, wait?: number): void {
    const opened = this.#heard;
    this.#heard = false;
    this.#hangUp();
    clearTimeout(this.#retry);
    if (this.#stopped) return;
    if (code === signedOut) return this.#refuse(new Problem(401, "not_signed_in", "You were signed out."));
    if (code === forbidden) return this.#refuse(new Problem(403, "forbidden", "You can no longer see this session."));
    if (this.#status !== "connecting" && this.#status !== "offline") this.#set("reconnecting");
    if (opened) return this.#later(wait);
    void this.#world.probe(this.#room).then(
      () => {
        // The server is there, so it is this kind of line that does not get through.
        if (++this.#failures >= failuresBeforeNext && this.#kind + 1 < this.#world.transports.length) {
          this.#kind++;
          this.#failures = 0;
        }
        this.#later(wait);
      },
      (err: unknown) => {
        const problem = err instanceof Problem ? err : new Problem(0, "internal", String(err));
        if ([401, 403, 404].includes(problem.status)) return this.#refuse(problem);
        this.#set(problem.code === offline ? "offline" : "reconnecting");
        this.#later(wait);
      },
    );
  }

  #later(wait = this.#world.random() * Math.min(longestWait, firstWait * 2 ** this.#tries)): void {
    if (this.#stopped) return;
    this.#tries++;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), wait);
  }

  #refuse(problem: Problem): void {
    this.stop();
    this.#on.refused?.(problem);
  }

  #set(status: Status): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#on.status?.(status);
  }
}
