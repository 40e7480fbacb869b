// What is said of jobs.

import type { Job, JobProgress } from "./api";

const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const mega = new Intl.NumberFormat(undefined, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const kinds: Record<string, string> = {
  preview: "Preview of an import",
  import: "Import",
  export: "Export",
  timetable: "Timetable",
  "timetable preview": "Preview of a timetable",
  fetch: "Fetched timetable",
  tidy: "Housekeeping",
};

export const kind = (job: Job): string => kinds[job.kind] ?? job.kind;

export const states: Record<Job["state"], string> = {
  waiting: "Waiting",
  running: "Running",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

const amount = (n: number, unit: string): string => (unit === "bytes" ? `${mega.format(n / 1e6)} MB` : number.format(n));

/** How long in words: 8 s, 2 min 10 s, 1 h 5 min. */
export function howLong(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}

/** The step and how far it is: "Writing rows: 12,000 of 60,000, 4,000 a second, 12 s left". */
export function line(p: JobProgress): string {
  const doing = p.doing === "" ? "Beginning" : p.doing.slice(0, 1).toUpperCase() + p.doing.slice(1);
  if (p.done === 0 && p.total === 0) return `${doing}…`;
  const parts = [amount(p.done, p.unit) + (p.total > 0 ? ` of ${amount(p.total, p.unit)}` : "")];
  if (p.rate > 0) parts.push(`${amount(p.rate, p.unit)} a second`);
  if (p.left_ms !== undefined) parts.push(`${howLong(p.left_ms)} left`);
  return `${doing}: ${parts.join(", ")}`;
}

/** The share that is done, 0 to 1; undefined if nobody knows. */
export const share = (p: JobProgress): number | undefined => (p.total > 0 ? Math.min(1, p.done / p.total) : undefined);
