// The calls of docs/api.md about a course's term grid.

import { call, json, type CourseName } from "../api";
import type { Mark, Source, Status } from "../live/messages";

export interface GridSession {
  id: number;
  title: string;
  status: Status;
  /** As planned or, if nobody planned it, when it was opened; 0 when neither is so. */
  starts: number;
  seq: number;
}

export interface GridStudent {
  id: number;
  family: string;
  given: string;
  ref: string;
  /** No longer a student of the course: marks are shown, and cannot be changed. */
  left?: boolean;
  /** A letter for each session: p, l, a, e, or "." for none. */
  marks: string;
  /** What set each mark: c (code), k (card), h (hand), r (rule), or ".". */
  sources: string;
}

export interface GridAnswer {
  course: CourseName;
  sessions: GridSession[];
  students: GridStudent[];
  notes: { person: number; session: number; note: string }[];
  /** Of marks that stand for another status. */
  statuses: { person: number; session: number; status: string }[];
}

export interface CellEdit {
  person: number;
  session: number;
  mark: Mark;
  /** Left out: the mark itself. */
  status?: string;
  /** Left out: the note stays. */
  note?: string;
}

export type CellResult = "set" | "same" | "refused";

export interface EditAnswer {
  /** The change set that was applied; 0 if nothing had to be changed. */
  set: number;
  results: CellResult[];
  refused: { at: number; why: string }[];
}

export interface UndoAnswer {
  undone: boolean;
  /** The change set that the undo is; 0 if nothing was undone. */
  set: number;
  /** For a person: why nothing was undone. */
  detail: string;
}

/** What a file of marks would change, or has changed. */
export interface SheetAnswer {
  set: number;
  digest: string;
  applied: boolean;
  add: number;
  change: number;
  remove: number;
  same: number;
  opened: number;
  rejects: number;
  rows: {
    kind: "add" | "change" | "remove" | "reject";
    line: number;
    column: string;
    name: string;
    session: string;
    was: Mark;
    becomes: Mark;
    was_status?: string;
    becomes_status?: string;
    detail: string;
  }[];
  more: number;
  ignored: string[];
}

export const gridApi = {
  rejects: async (course: number, form: FormData) => (await call("POST", `/courses/${course}/marks/rejects`, form)).blob(),
  sheet: (course: number, form: FormData) => json<SheetAnswer>("POST", `/courses/${course}/marks/file`, form),
  grid: (course: number) => json<GridAnswer>("GET", `/courses/${course}/grid`),
  undo: (set: number, rest: boolean) => json<UndoAnswer>("POST", `/changes/${set}/undo`, { rest }),
  edit: (course: number, marks: CellEdit[]) => json<EditAnswer>("POST", `/courses/${course}/marks`, { marks }),
};

const markOf: Record<string, Mark> = { p: "present", l: "late", a: "absent", e: "excused", ".": "unset" };
const sourceOf: Record<string, Source> = { c: "code", k: "card", h: "hand", r: "rule", ".": "" };

export const readMark = (letter: string | undefined): Mark => markOf[letter ?? "."] ?? "unset";
export const readSource = (letter: string | undefined): Source => sourceOf[letter ?? "."] ?? "";
