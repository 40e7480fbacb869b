// Which code to show when: codes come before they are needed, and each is shown
// exactly while it is valid by the server's clock.

import type { CodeSheet } from "../live/messages";

export interface Shown {
  qr: string;
  digits: string;
  /** When the code's step began and ends, in ms by the server's clock. */
  from: number;
  until: number;
}

export class CodeBook {
  #shown: Shown[] = [];

  add({ start, step, codes }: CodeSheet): void {
    const fresh = codes.map(([qr, digits], i) => ({ qr, digits, from: start + i * step, until: start + (i + 1) * step }));
    const kept = this.#shown.filter((old) => !fresh.some((s) => s.from === old.from) && old.until > start);
    this.#shown = [...kept, ...fresh];
  }

  /** The code to show at a time by the server's clock; undefined if none is known. */
  at(now: number): Shown | undefined {
    return this.#shown.find((s) => s.from <= now && now < s.until);
  }
}
