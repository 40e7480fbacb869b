// Planned sessions: the calls and what they give.

import { call, json, type Session, type Status } from "../api";
import { FileJobs } from "../jobs/api";

export interface PlannedSession {
  id: number;
  title: string;
  location: string;
  starts: number;
  ends: number;
  status: Status;
  /** It was opened or has marks, so that no timetable touches it. */
  held: boolean;
  cancelled: number;
  /** When it opens and closes by itself; 0: somebody does it. */
  opens: number;
  closes: number;
  missed: boolean;
  source: string;
}

export interface Timing {
  auto_open: boolean;
  open_before: number;
  auto_close: boolean;
  close_after: number;
}

export interface Holiday {
  id: number;
  first: string;
  last: string;
  name: string;
}

export interface Subscription {
  id: number;
  course: number;
  address: string;
  only: string;
  fetched: number;
  next: number;
  failures: number;
  outcome: string;
}

export interface Timetable {
  zone: string;
  zone_set: boolean;
  first: string;
  last: string;
  timing: Timing;
  sessions: PlannedSession[];
  holidays: Holiday[];
  subscriptions: Subscription[];
}

export interface PlanLine {
  change: "add" | "change" | "end" | "reject";
  name: string;
  detail: string;
  file: string;
  row: number;
}

/** What would be done, or has been. */
export interface Plan {
  digest: string;
  applied: boolean;
  set: number;
  adds: number;
  changes: number;
  ends: number;
  rejects: number;
  same: number;
  others: number;
  lines: PlanLine[];
  more: number;
}

export interface RuleDate {
  starts: number;
  ends: number;
  note: string;
  holiday: string;
}

export interface RulePlan extends Plan {
  words: string[];
  dates: RuleDate[];
  problem?: { at: number; length: number; problem: string };
}

export type Missing = "keep" | "cancel" | "cancel_all";

export interface RuleRequest {
  rule: string;
  first?: string;
  last?: string;
  missing?: Missing;
  apply?: boolean;
  digest?: string;
}

export interface Edit {
  sessions: number[];
  cancel?: boolean;
  restore?: boolean;
  days?: number;
  to?: string;
  starts?: number;
  length?: number;
  title?: string;
  location?: string;
  auto_open?: "yes" | "no" | "course";
  auto_close?: "yes" | "no" | "course";
  apply?: boolean;
  digest?: string;
}

export interface SheetColumns {
  calendar: boolean;
  columns: string[];
  sample: string[][];
  mapping: Record<string, string>;
  /** The mapping is the one that was chosen for such a table before. */
  remembered: boolean;
  fields: string[];
  sheets: string[];
}

export interface Institution {
  zone: string;
  zone_set: boolean;
  holidays: Holiday[];
}

/** Where files and subscriptions of a course go, or those of the whole institution. */
const place = (course: number | undefined) => (course === undefined ? "" : `/courses/${course}`);

export const timetableApi = {
  get: (course: number) => json<Timetable>("GET", `/courses/${course}/timetable`),
  rule: (course: number, request: RuleRequest) => json<RulePlan>("POST", `/courses/${course}/timetable/rule`, request),
  edit: (course: number, edit: Edit) => json<Plan>("POST", `/courses/${course}/timetable/edit`, edit),
  timing: (course: number, timing: Timing) => json<Timing>("PUT", `/courses/${course}/timing`, timing),
  file: (course: number | undefined, form: FormData) => json<Plan>("POST", `${place(course)}/timetable/file`, form),
  rejects: (course: number | undefined, form: FormData) => call("POST", `${place(course)}/timetable/file/rejects`, form),
  fileJobs: (course: number | undefined) => new FileJobs<Plan>(`${place(course)}/timetable/file/jobs`),
  columns: (form: FormData) => json<SheetColumns>("POST", "/timetable/columns", form),

  subscribe: (course: number | undefined, address: string, only: string) =>
    json<Subscription>("POST", `${place(course)}/subscriptions`, { address, only }),
  subscriptions: () => json<{ subscriptions: Subscription[] }>("GET", "/subscriptions"),
  fetch: (id: number) => json<Subscription>("POST", `/subscriptions/${id}/fetch`, {}),
  fetchRejects: (id: number) => call("POST", `/subscriptions/${id}/rejects`, {}),
  unsubscribe: (id: number) => call("DELETE", `/subscriptions/${id}`),

  institution: () => json<Institution>("GET", "/institution"),
  setZone: (zone: string) => json<Institution>("PUT", "/institution/zone", { zone }),
  addHoliday: (first: string, last: string, name: string) =>
    json<{ holiday: Holiday; plan: Plan }>("POST", "/holidays", { first, last, name }),
  removeHoliday: (id: number) => call("DELETE", `/holidays/${id}`),
  cancelOn: (holiday: number, digest: string) => json<Plan>("POST", `/holidays/${holiday}/cancel`, { apply: true, digest }),

  keepOpen: (session: number, until: number) => json<Session>("POST", `/sessions/${session}/keep-open`, { until }),
};
