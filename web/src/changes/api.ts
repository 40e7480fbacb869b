// What was done in bulk, and who changed what: the calls and what they give.

import { json } from "../api";

export interface ChangeSet {
  id: number;
  at: number;
  kind: "import" | "timetable" | "excuses" | "marks" | "rules" | "merge" | "groups" | "undo";
  title: string;
  /** 0: the whole institution. */
  course: number;
  actor: string;
  from: string;
  rows: number;
  undoes: number;
  undone_by: number;
}

export type Image = Record<string, unknown> | null;

export interface ChangeRow {
  n: number;
  what: string;
  name: string;
  was: Image;
  became: Image;
}

export interface Undoing {
  undone: boolean;
  set: number;
  rows: number;
  detail: string;
  contradicted: (ChangeRow & { now: Image })[];
  more: number;
}

export interface AuditEntry {
  at: number;
  actor: string;
  from: string;
  action: string;
  subject: string;
  of: string;
  old: string;
  new: string;
  note: string;
}

/** Where the sets or entries of a course are, or all of them. */
const place = (course: number | undefined) => (course === undefined ? "" : `/courses/${course}`);

export const changesApi = {
  sets: (course: number | undefined, before: string) =>
    json<{ changes: ChangeSet[]; next: number }>("GET", `${place(course)}/changes?before=${before || 0}`),
  set: (set: number) => json<ChangeSet>("GET", `/changes/${set}`),
  rows: (set: number, after: number) => json<{ rows: ChangeRow[] }>("GET", `/changes/${set}/rows?after=${after}`),
  undo: (set: number, rest: boolean) => json<Undoing>("POST", `/changes/${set}/undo`, { rest }),
  audit: (course: number | undefined, q: string, cursor: string) =>
    json<{ entries: AuditEntry[]; next: string }>(
      "GET",
      `${place(course)}/audit?q=${encodeURIComponent(q)}&cursor=${encodeURIComponent(cursor)}`,
    ),
};
