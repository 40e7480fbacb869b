// How old changes are when they get here: from the server's receipt of what made them
// to this page, by the server's clock.

const kept = 200;

export class SyncTimes {
  /** Milliseconds; undefined before the first. */
  median = $state<number>();
  /** 95 of 100 were no older. */
  p95 = $state<number>();
  /** How many changes these are of, the newest ones. */
  count = $state(0);
  #ages: number[] = [];
  #next = 0;

  /** add takes the age of one change in. A clock that is a little behind makes it no younger than 0. */
  add(age: number): void {
    this.#ages[this.#next] = Math.max(0, age);
    this.#next = (this.#next + 1) % kept;
  }

  /** sum works out what is shown; to be called now and then rather than for each change. */
  sum(): void {
    const sorted = [...this.#ages].sort((a, b) => a - b);
    const at = (share: number) => {
      const age = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
      return age === undefined ? undefined : Math.round(age);
    };
    this.median = at(0.5);
    this.p95 = at(0.95);
    this.count = sorted.length;
  }
}
