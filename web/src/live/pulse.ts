// Pings show whether a line still holds, how fast it is, and what time the server has.

import type { Line } from "./transports";

const pingEvery = 10_000;
// The first pings come faster: one that met a busy page would set our clock wrong.
const pingsAtFirst = 5;
const pingAtFirstEvery = 400;
const pongWithin = 4000;
// The fastest of the last pings sets the clock; older ones may be from before a sleep.
const remembered = 10;

export class Pulse {
  /** The last round trip in milliseconds; undefined before the first. */
  roundTrip: number | undefined;

  readonly #dead: () => void;
  #line: Line | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pings = 0;
  #sent = 0;
  #offset = 0;
  #last: { roundTrip: number; offset: number }[] = [];

  /** dead is called when a ping has gone unanswered for too long. */
  constructor(dead: () => void) {
    this.#dead = dead;
  }

  /** Now, by the server's clock. */
  now(): number {
    return Date.now() + this.#offset;
  }

  /** A first idea of the server's clock, until a pong gives a better one. */
  guess(now: number): void {
    if (this.#last.length === 0) this.#offset = now - Date.now();
  }

  start(line: Line): void {
    this.#line = line;
    this.ping();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#line = undefined;
  }

  ping(): void {
    clearTimeout(this.#timer);
    if (!this.#line?.ping) return;
    this.#sent = Date.now();
    this.#timer = setTimeout(this.#dead, pongWithin);
    this.#line.ping(++this.#pings);
  }

  /** Takes an answer; those of slow lines do not say the time. */
  pong(n: number, now?: number): void {
    if (n !== this.#pings) return;
    clearTimeout(this.#timer);
    const soon = now !== undefined && n < pingsAtFirst;
    this.#timer = setTimeout(() => this.ping(), soon ? pingAtFirstEvery : pingEvery);
    const roundTrip = Date.now() - this.#sent;
    this.roundTrip = roundTrip;
    if (now === undefined) return;
    this.#last = [...this.#last, { roundTrip, offset: now + roundTrip / 2 - Date.now() }].slice(-remembered);
    this.#offset = this.#last.reduce((best, ping) => (ping.roundTrip <= best.roundTrip ? ping : best)).offset;
  }
}
