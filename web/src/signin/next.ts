// Where to go after signing in.

import type { Me } from "../api";

/** The address in ?next=, if it is one of ours; else where this person starts. */
export function nextAddress(person: Me, search = location.search): string {
  const next = new URLSearchParams(search).get("next") ?? "";
  // A path, not "//elsewhere.example" and not "/\elsewhere.example".
  if (/^\/(?![/\\])/.test(next)) return next;
  if (person.courses.some((c) => c.role === "student")) return "/";
  if (person.teaches) return "/teach";
  return person.admin ? "/admin" : "/";
}
