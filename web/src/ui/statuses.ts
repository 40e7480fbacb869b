// The status sets: what the institution makes of marks. A page of teachers or the office
// asks for its course's before it is shown.

import { json, type CourseName } from "../api";
import { use, type Status } from "./marks";

export interface StatusSet {
  /** 1 is the set of courses that have chosen no other. */
  id: number;
  name: string;
  statuses: Status[];
}

export interface ShiftScore {
  percent: number | null;
  points: number;
  of: number;
}

/** What a change does to what students have. */
export interface Shift {
  courses: number;
  students: number;
  up: number;
  down: number;
  most: {
    course: CourseName;
    person: number;
    family: string;
    given: string;
    before: ShiftScore;
    after: ShiftScore;
  }[];
}

export interface StatusChange {
  /** The change set that was applied; 0: none was. */
  set: number;
  statuses: StatusSet;
  shift?: Shift;
}

export const statusApi = {
  all: () => json<{ sets: StatusSet[] }>("GET", "/statuses"),
  add: (name: string, statuses: Status[]) => json<StatusChange>("POST", "/statuses", { name, statuses }),
  change: (set: StatusSet, preview: boolean) =>
    json<StatusChange>("PUT", `/statuses/${set.id}`, { name: set.name, statuses: set.statuses, preview }),
  choose: (course: number, set: number, preview: boolean) =>
    json<StatusChange>("POST", `/courses/${course}/statuses`, { status_set: set, preview }),
};

/** known resolves once marks are called as they are in the course or session, or usually. Without an answer they are called as ever. */
export async function known(where: { course?: number; session?: number } = {}): Promise<void> {
  const query = where.session ? `?session=${where.session}` : where.course ? `?course=${where.course}` : "";
  try {
    const { sets } = await json<{ sets: StatusSet[] }>("GET", `/statuses${query}`);
    use(sets[0]?.statuses ?? []);
  } catch {
    // Nobody is signed in, or there is no line: the page itself will say so.
  }
}

/** keyFor makes a key of the name of a new status, different from those that are taken. The same name makes the same key in every set. */
export function keyFor(name: string, taken: readonly string[]): string {
  const plain = name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "_")
    .replace(/^_+|_+$/g, "");
  const base = plain.slice(0, 16).replace(/_+$/, "") || "status";
  let key = base;
  for (let n = 2; taken.includes(key); n++) key = `${base}_${n}`;
  return key;
}
