// How often somebody was there, of the sessions that count.

import { choiceOf, type Marking } from "../ui/marks";

/** share is the part of the sessions that count in which somebody was there; undefined if none counts. */
export function share(marks: Iterable<Marking>): number | undefined {
  let there = 0;
  let of = 0;
  for (const mark of marks) {
    const { counts } = choiceOf(mark);
    if (counts === "out") continue;
    of++;
    if (counts === "there") there++;
  }
  return of === 0 ? undefined : there / of;
}

export const percent = (part: number | undefined): string => (part === undefined ? "" : `${Math.round(part * 100)} %`);
