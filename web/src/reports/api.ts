// Reports over many sessions: the calls and what they give.

import { json, type Counts, type CourseName, type Mark } from "../api";

/** What marks are worth. */
export interface Score {
  counts: Counts;
  points: number;
  of: number;
  /** How many marks count, and how many of them as there. */
  counted: number;
  there: number;
  /** null: nothing counts yet. */
  percent: number | null;
}

export interface TermSession extends Score {
  id: number;
  title: string;
  starts: number;
  status: "open" | "closed";
}

export interface TermStudent extends Score {
  person: number;
  family: string;
  given: string;
  ref: string;
  left: boolean;
  /** One for each session. */
  marks: Mark[];
}

export interface Term extends Score {
  course: CourseName & { term: string };
  sessions: TermSession[];
  students: TermStudent[];
  /** Of marks that stand for another status. */
  statuses: { person: number; session: number; status: string }[];
}

export interface CourseTotal extends Score {
  course: CourseName & { term: string };
  students: number;
  sessions: number;
}

export const reports = {
  term: (course: number) => json<Term>("GET", `/courses/${course}/report`),
  courses: (cursor: string) =>
    json<{ courses: CourseTotal[]; next: string }>("GET", `/reports/courses?cursor=${encodeURIComponent(cursor)}`),
  /** The address of a file. */
  file: (path: string, format: "csv" | "xlsx" | "json", query = "") => `/api/v1${path}.${format}${query === "" ? "" : "?" + query}`,
};
