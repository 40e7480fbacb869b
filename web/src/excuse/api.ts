// The calls of docs/api.md about excuses and pasted lists.

import { json } from "../api";
import type { Mark, Source } from "../live/messages";

export interface Excuse {
  id: number;
  person: number;
  family: string;
  given: string;
  ref: string;
  /** 0: all courses; only administrators withdraw it. */
  course: number;
  /** Of that course, in the list of all excuses. */
  course_code: string;
  from: number;
  /** The first moment that it is not for. */
  until: number;
  reason: string;
  /** Which status of excused; left out: excused itself. */
  status?: string;
  by: string;
  at: number;
  sessions: number;
  marks: number;
}

export interface Wanted {
  people?: number[];
  everyone?: boolean;
  /** None: all courses. */
  courses: number[];
  from: number;
  until: number;
  reason: string;
  /** Which status of excused; left out: excused itself. */
  status?: string;
  /** Leave out who is no student of the courses, rather than refuse. */
  leave_out?: boolean;
  preview?: boolean;
}

export interface Excused {
  set: number;
  people: number;
  add: number;
  same: number;
  marks: number;
  already: number;
  coming: number;
  held: number;
  checked_in: number;
  by_hand: number;
  left_out: number;
  kept: { person: number; family: string; given: string; session: number; title: string; starts: number; mark: Mark; source: Source }[];
}

export type How = "id" | "loose_id" | "name" | "part" | "likeness" | "unknown";

export interface Candidate {
  id: number;
  family: string;
  given: string;
  ref: string;
}

export interface FoundLine {
  line: number;
  text: string;
  how: How;
  sure: boolean;
  again: number;
  people: Candidate[];
}

export const excuseApi = {
  list: (course: number) => json<{ excuses: Excuse[]; next?: number }>("GET", `/courses/${course}/excuses`),
  listAll: (cursor = 0) => json<{ excuses: Excuse[]; next?: number }>("GET", `/excuses?cursor=${cursor}`),
  give: (wanted: Wanted) => json<Excused>("POST", "/excuses", wanted),
  withdraw: (ids: number[]) => json<{ set: number; marks: number }>("POST", "/excuses/withdraw", { ids }),
  /** Without a course, among all people. */
  find: (course: number | undefined, text: string) =>
    json<{ lines: FoundLine[] }>("POST", course === undefined ? "/people/find" : `/courses/${course}/find`, { text }),
  undo: (set: number) => json<{ undone: boolean; detail: string }>("POST", `/changes/${set}/undo`, { rest: false }),
};
