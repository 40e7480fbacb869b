// Keeps a line to the server open: dials, waits, comes back, and goes over to slower
// lines where the better ones are blocked. What the messages mean is the client's affair.

import { Problem, offline } from "../api";
import type { Failure, ServerMessage } from "./messages";
import type { Line, Resume, Room, Transport } from "./transports";

/**
 * - connecting: nothing has come yet
 * - live: in step
 * - slow: in step, over a line that is slower than a WebSocket
 * - reconnecting: what is shown may be old; trying to come back
 * - offline: the same, and the server cannot be reached at all
 */
export type Status = "connecting" | "live" | "slow" | "reconnecting" | "offline";

/** Whom the connection is kept for. */
export interface Host {
  /** What a new line is to go on from. */
  resume(): Resume;
  /** A line has brought its first state, which comes as the next message. */
  up(line: Line): void;
  message(m: ServerMessage): void;
  down(): void;
  status(status: Status): void;
  /** The server will not let us in; trying again is no use. */
  refused(problem: Problem): void;
}

/** What the connection takes from the outside, so that tests can bring their own. */
export interface Net {
  /** The kinds of lines, best first. */
  transports: Transport[];
  /** Finds out why a line could not be opened: throws a Problem, or returns when all is well. */
  probe(room: Room): Promise<unknown>;
  random(): number;
}

const firstWait = 250;
const longestWait = 10_000;
/** How long a line may take to bring its first state, and a probe to find out why it does not. */
const patience = 8000;
/** A line that has held for so long was a good one: the next waits begin small again. */
const holdsAfter = 5000;
const tryBetterEvery = 60_000;
const failuresBeforeNext = 2;

const refusals = ["not_enrolled", "forbidden", "unknown_session", "not_signed_in", "bad_message"];

/** Why a close code means that coming back is no use; undefined if it does not. */
function lastWord(code: number): Problem | undefined {
  switch (code) {
    case 4001:
      return new Problem(401, "not_signed_in", "You were signed out.");
    case 4003:
      return new Problem(403, "forbidden", "You can no longer see this session.");
    case 1002:
    case 1003:
    case 1007:
    case 1009:
      return new Problem(400, "bad_message", "This page and the server do not understand each other. Load the page again.");
  }
}

/** One try to have a line; up once its first state has come. */
interface Dial {
  kind: number; // index into the transports
  up: boolean;
  limit: ReturnType<typeof setTimeout>;
  line?: Line;
}

export class Connection {
  readonly #room: Room;
  readonly #host: Host;
  readonly #net: Net;

  #dial: Dial | undefined;
  #better: Dial | undefined; // tried beside a slow line that works
  #kind = 0;
  #failures = 0; // in a row, of this kind
  #tries = 0; // in a row, of any kind
  #turn = 0; // counts lines and ends of lines, so that what comes late is known as such
  #notBefore = 0; // the server asked not to come back earlier
  #status: Status = "connecting";
  #stopped = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #held: ReturnType<typeof setTimeout> | undefined;
  #betterTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(room: Room, host: Host, net: Net) {
    this.#room = room;
    this.#host = host;
    this.#net = net;
  }

  get status(): Status {
    return this.#status;
  }

  /** The line in step with the session, if there is one. */
  get line(): Line | undefined {
    return this.#dial?.up ? this.#dial.line : undefined;
  }

  connect(): void {
    if (this.#stopped) return;
    this.#hangUp();
    this.#dial = this.#newDial(this.#kind);
    this.#open(this.#dial);
  }

  /** Connects unless the server asked to wait, or a line is there or on its way. */
  look(): void {
    if (!this.#dial && Date.now() >= this.#notBefore) this.connect();
  }

  /** The line is of no more use: has another, at once if this one had held a while. */
  again(): void {
    const held = this.#tries === 0;
    const wait = this.#wait();
    this.#end(held ? 0 : wait);
  }

  /** The line is dead, or the network is gone. */
  lost(status: Status = "reconnecting"): void {
    if (this.#dial) this.#over(this.#dial, 1006);
    this.#set(status);
  }

  stop(): void {
    this.#stopped = true;
    this.#hangUp();
  }

  #newDial(kind: number): Dial {
    const dial: Dial = { kind, up: false, limit: setTimeout(() => this.#over(dial, 1006), patience) };
    return dial;
  }

  #open(dial: Dial): void {
    const transport = this.#net.transports[dial.kind]!;
    dial.line = transport(this.#room, this.#host.resume(), {
      message: (m) => this.#message(dial, m),
      closed: (code) => this.#over(dial, code),
    });
  }

  #message(dial: Dial, m: ServerMessage): void {
    if (dial !== this.#dial && dial !== this.#better) return; // what an old line still says
    if (m.t === "bye") return this.#over(dial, 1001, m.retry_ms);
    if (!dial.up) {
      if (m.t === "error") return this.#turnedAway(dial, m);
      if (m.t !== "snapshot" && m.t !== "delta") return;
      this.#up(dial);
    }
    this.#host.message(m);
  }

  #up(dial: Dial): void {
    if (dial === this.#better) {
      this.#better = undefined;
      this.#hangUp();
      this.#dial = dial;
    }
    clearTimeout(dial.limit);
    dial.up = true;
    this.#kind = dial.kind;
    this.#failures = this.#notBefore = 0;
    this.#held = setTimeout(() => (this.#tries = 0), holdsAfter);
    if (dial.kind > 0) this.#tryBetterLater();
    this.#set(dial.kind === 0 ? "live" : "slow");
    this.#host.up(dial.line!);
  }

  /** The best line may have come within reach again; the slow one works on meanwhile. */
  #tryBetterLater(): void {
    clearTimeout(this.#betterTimer);
    this.#betterTimer = setTimeout(() => {
      this.#better = this.#newDial(0);
      this.#open(this.#better);
    }, tryBetterEvery);
  }

  #turnedAway(dial: Dial, { code, message, retry_ms }: Failure): void {
    if (!refusals.includes(code)) this.#over(dial, 1006, retry_ms || this.#wait());
    else if (dial === this.#dial) this.#refuse(new Problem(0, code, message));
  }

  /** A line is over: comes back, after what the server asked for or a random while. */
  #over(dial: Dial, code: number, wait?: number): void {
    if (dial === this.#better) {
      this.#drop(dial);
      this.#better = undefined;
      return this.#tryBetterLater();
    }
    if (dial !== this.#dial) return;
    const problem = lastWord(code);
    if (problem) return this.#refuse(problem);
    if (wait !== undefined) this.#notBefore = Date.now() + wait;
    if (dial.up || wait !== undefined) return this.#end(wait ?? this.#wait());
    this.#end(patience); // the longest that the probe may take
    const turn = this.#turn;
    this.#net.probe(this.#room).then(
      () => turn === this.#turn && this.#blocked(),
      (err: unknown) => turn === this.#turn && this.#unreachable(err instanceof Problem ? err : new Problem(0, "internal", String(err))),
    );
  }

  /** The server is there, so it is this kind of line that does not get through. */
  #blocked(): void {
    if (++this.#failures >= failuresBeforeNext && this.#kind + 1 < this.#net.transports.length) {
      this.#kind++;
      this.#failures = 0;
    }
    this.#later(this.#wait());
  }

  #unreachable(problem: Problem): void {
    if (refusals.includes(problem.code)) return this.#refuse(problem);
    this.#set(problem.code === offline ? "offline" : "reconnecting");
    this.#later(problem.retry || this.#wait());
  }

  #end(wait: number): void {
    this.#hangUp();
    if (this.#status === "live" || this.#status === "slow") this.#set("reconnecting");
    this.#later(wait);
  }

  #later(wait: number): void {
    clearTimeout(this.#retry);
    if (!this.#stopped) this.#retry = setTimeout(() => this.connect(), wait);
  }

  /** A random while, longer after each try, so that not all come back at the same moment. */
  #wait(): number {
    return this.#net.random() * Math.min(longestWait, firstWait * 2 ** this.#tries++);
  }

  #hangUp(): void {
    this.#turn++;
    for (const timer of [this.#retry, this.#held, this.#betterTimer]) clearTimeout(timer);
    this.#host.down();
    for (const dial of [this.#dial, this.#better]) if (dial) this.#drop(dial);
    this.#dial = this.#better = undefined;
  }

  #drop(dial: Dial): void {
    clearTimeout(dial.limit);
    dial.line?.close();
  }

  #refuse(problem: Problem): void {
    this.stop();
    this.#host.refused(problem);
  }

  #set(status: Status): void {
    if (status === this.#status) return;
    this.#status = status;
    this.#host.status(status);
  }
}
