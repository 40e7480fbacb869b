// Turns what is kept of things into words.

import type { Image } from "./api";

/** A field that differs, before and after. */
export interface Difference {
  field: string;
  was: string;
  became: string;
}

const fieldWords: Record<string, string> = {
  ref: "reference",
  term_id: "term",
  ended_at: "ended",
  cancelled_at: "cancelled",
  withdrawn_at: "withdrawn",
  starts_at: "starts",
  ends_at: "ends",
  late_after: "late after",
  on_close: "on closing",
  code_step: "code changes",
  code_grace: "code grace",
  actor_id: "set by",
  auto_open: "opens by itself",
  auto_close: "closes by itself",
  status_set: "status set",
  meanings: "statuses",
};

// What says when or by whom is told elsewhere.
const untold = new Set(["at", "actor_id", "source"]);

/** The statuses of a set, each with its letter, points in hundredths and what it counts as. */
function meanings(text: string): string {
  const all = JSON.parse(text) as { name: string; letter: string; points: number; counts: string }[];
  return all.map((m) => `${m.name} (${m.letter}, ${m.points / 100}, ${m.counts})`).join("; ");
}

/** A value as people read it. */
export function words(field: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "nothing";
  if (field.endsWith("_at") && typeof value === "number") return new Date(value).toLocaleString();
  if (field === "meanings") return meanings(String(value));
  if (field === "active") return value === 1 || value === true ? "yes" : "no";
  return String(value);
}

/** What is different of a thing: every field that has something in it, if it is new or gone. */
export function differences(was: Image, became: Image): Difference[] {
  const fields = Object.keys({ ...was, ...became }).filter((field) => !untold.has(field));
  return fields
    .map((field) => ({ field: fieldWords[field] ?? field, was: words(field, was?.[field]), became: words(field, became?.[field]) }))
    .filter((d) => d.was !== d.became);
}

/** Reads a text of the audit: a JSON object, or a word such as a mark. */
export function image(text: string): Image {
  if (text === "") return null;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Image;
  } catch {
    // A word.
  }
  return { mark: text };
}

/** What an entry of the audit changed. Settings and people come as one object with the old and the new in it. */
export function changed(old: string, now: string): Difference[] {
  const became = image(now);
  if (old === "" && became && typeof became.old === "object" && typeof became.new === "object") {
    return differences(became.old as Image, became.new as Image);
  }
  return differences(image(old), became);
}
