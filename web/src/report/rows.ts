// The lines of a report: which are shown, and in what order.

import type { Mark, ReportRow } from "../api";
import { byName, fold } from "../board/names";
import { howSet } from "../ui/marks";

export type Column = "name" | "ref" | "mark" | "at" | "source" | "note";

export interface Sorting {
  column: Column;
  descending: boolean;
}

const markOrder: Record<Mark, number> = { present: 0, late: 1, excused: 2, absent: 3, unset: 4 };

const byColumn: Record<Column, (a: ReportRow, b: ReportRow) => number> = {
  name: byName,
  ref: (a, b) => a.ref.localeCompare(b.ref, undefined, { numeric: true }),
  mark: (a, b) => markOrder[a.mark] - markOrder[b.mark],
  at: (a, b) => (a.at || Number.MAX_SAFE_INTEGER) - (b.at || Number.MAX_SAFE_INTEGER),
  source: (a, b) => setBy(a).localeCompare(setBy(b)),
  note: (a, b) => Number(a.note === "") - Number(b.note === "") || a.note.localeCompare(b.note),
};

/** select returns the rows with one of the marks (none: any) that have the words, in order. */
export function select(rows: readonly ReportRow[], marks: ReadonlySet<Mark>, words: string, sorting: Sorting): ReportRow[] {
  const wanted = fold(words).split(" ").filter(Boolean);
  const shown = rows.filter((row) => {
    if (marks.size > 0 && !marks.has(row.mark)) return false;
    const text = fold(`${row.family} ${row.given} ${row.ref} ${row.note}`);
    return wanted.every((word) => text.includes(word));
  });
  const compare = byColumn[sorting.column];
  const sorted = shown.sort((a, b) => compare(a, b) || byName(a, b));
  return sorting.descending ? sorted.reverse() : sorted;
}

/** setBy says in plain words what or who set the mark. */
export function setBy(row: Pick<ReportRow, "source" | "actor" | "mark">): string {
  return row.source === "hand" && row.actor !== "" ? `by ${row.actor}` : howSet(row.source, row.mark);
}
