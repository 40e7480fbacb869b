// A board's live connection, and what it keeps up to date.

import { Problem } from "../api";
import { LiveClient, type Status } from "../live/client";
import type { Ack, BoardSnapshot, Command } from "../live/messages";
import { isHere, Roll, type Student } from "./roll.svelte";
import { SyncTimes } from "./sync.svelte";

const everySecond = 1000;
/** How long the tile of somebody who checks in is lit up. */
const litFor = 1500;

export class BoardRoom {
  readonly roll = new Roll();
  readonly sync = new SyncTimes();
  /** How the line to the server is. */
  line = $state<Status>("connecting");
  /** Why the server does not let us in, if so. */
  refused = $state.raw<Problem>();
  /** The server's clock, to the second. */
  now = $state(Date.now());
  /** When those who are here were marked so, in ms since 1970; brought up to date every second. */
  arrivals = $state.raw<readonly number[]>([]);

  readonly #live: LiveClient<BoardSnapshot>;
  #catchingUp = true;
  readonly #news: (() => void)[] = [];
  #resting = false;

  constructor(session: number) {
    this.#live = new LiveClient<BoardSnapshot>(
      { session, audience: "board" },
      {
        snapshot: (s) => {
          this.#catchingUp = false;
          this.#inNextFrame(() => {
            this.roll.show(s);
            this.#tick();
          });
        },
        delta: (d) => {
          // What was missed meanwhile says nothing about how fast the line is.
          const now = this.#live.now();
          // Nor does a card, which may have waited at the door.
          if (!this.#catchingUp) for (const [, at, , , , source] of d.events) if (source !== "card") this.sync.add(now - at);
          this.#catchingUp = false;
          this.#inNextFrame(() => this.#light(this.roll.change(d)));
        },
        presence: (p) => this.#inNextFrame(() => this.roll.attend(p)),
        status: (status) => {
          this.line = status;
          this.#catchingUp = true;
        },
        refused: (problem) => (this.refused = problem),
      },
    );
  }

  /** start connects, and returns what ends it. */
  start(): () => void {
    this.#live.start();
    const ticker = setInterval(() => this.#tick(), everySecond);
    return () => {
      clearInterval(ticker);
      this.#live.stop();
    };
  }

  /** Resolves when the command is committed; rejects with a Problem when it is refused. */
  send(command: Command): Promise<Ack> {
    return this.#live.send(command);
  }

  /** Whether what is asked for now is sent at once. */
  get connected(): boolean {
    return this.line === "live" || this.line === "slow";
  }

  /** What comes in a burst changes the page once, in order, and not hundreds of times. */
  #inNextFrame(act: () => void): void {
    if (this.#news.push(act) === 1 && !this.#resting) requestAnimationFrame(() => this.#show());
  }

  /**
   * Shows what has come, and leaves the frame after it free: a slow machine takes longer
   * than a frame lasts for one with a change, and would be late for each.
   */
  #show(): void {
    this.#resting = true;
    for (const act of this.#news.splice(0)) act();
    requestAnimationFrame(() => {
      this.#resting = false;
      if (this.#news.length > 0) requestAnimationFrame(() => this.#show());
    });
  }

  #light(arrived: readonly Student[]): void {
    if (arrived.length === 0) return;
    for (const s of arrived) s.fresh = true;
    setTimeout(() => {
      for (const s of arrived) s.fresh = false;
    }, litFor);
  }

  #tick(): void {
    this.now = this.#live.now();
    this.sync.sum();
    const { students, closed } = this.roll;
    const times = students.filter((s) => isHere(s.entry.mark)).map((s) => s.entry.at);
    this.arrivals = closed === 0 ? times : times.filter((at) => at <= closed);
  }
}
