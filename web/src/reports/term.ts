// The lines of a term's report: which are shown, in what order, and what they come to.

import { byName, fold } from "../board/names";
import type { Score, TermSession, TermStudent } from "./api";

export type Column = "name" | "ref" | "present" | "late" | "absent" | "excused" | "points" | "percent";

export interface Sorting {
  column: Column;
  descending: boolean;
}

const share = (s: Score) => s.percent ?? -1;

const byColumn: Record<Column, (a: TermStudent, b: TermStudent) => number> = {
  name: byName,
  ref: (a, b) => a.ref.localeCompare(b.ref, undefined, { numeric: true }),
  present: (a, b) => a.counts[0] - b.counts[0],
  late: (a, b) => a.counts[1] - b.counts[1],
  absent: (a, b) => a.counts[2] - b.counts[2],
  excused: (a, b) => a.counts[3] - b.counts[3],
  points: (a, b) => a.points - b.points,
  percent: (a, b) => share(a) - share(b),
};

/** Whether a student has fewer percent than the limit; who has nothing that counts yet has not. */
export const isBelow = (s: Score, limit: number): boolean => s.percent !== null && s.percent < limit;

/** select returns the students who have the words and, if there is a limit, are below it, in order. */
export function select(all: readonly TermStudent[], words: string, limit: number | undefined, sorting: Sorting): TermStudent[] {
  const wanted = fold(words).split(" ").filter(Boolean);
  const shown = all.filter((s) => {
    if (limit !== undefined && !isBelow(s, limit)) return false;
    const text = fold(`${s.family} ${s.given} ${s.ref}`);
    return wanted.every((word) => text.includes(word));
  });
  const compare = byColumn[sorting.column];
  const sorted = shown.sort((a, b) => compare(a, b) || byName(a, b));
  return sorting.descending ? sorted.reverse() : sorted;
}

export interface Week {
  /** When its Monday begins, here. */
  starts: number;
  sessions: number;
  percent: number | null;
}

/** weeks adds up the sessions of each week, from the first that has any to the last. */
export function weeks(sessions: readonly TermSession[]): Week[] {
  const sums = new Map<number, { sessions: number; there: number; counted: number }>();
  for (const s of sessions) {
    const monday = mondayOf(s.starts);
    const sum = sums.get(monday) ?? { sessions: 0, there: 0, counted: 0 };
    sums.set(monday, { sessions: sum.sessions + 1, there: sum.there + s.there, counted: sum.counted + s.counted });
  }
  return [...sums]
    .sort(([a], [b]) => a - b)
    .map(([starts, { sessions, there, counted }]) => ({
      starts,
      sessions,
      percent: counted === 0 ? null : Math.round((there / counted) * 1000) / 10,
    }));
}

function mondayOf(ms: number): number {
  const day = new Date(ms);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7));
  return day.getTime();
}

/** percent in words. */
export const percentWords = (s: Pick<Score, "percent">): string => (s.percent === null ? "–" : `${s.percent.toLocaleString()} %`);
