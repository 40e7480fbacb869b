// People who may be in the record twice: the calls and what they give.

import { json } from "../api";

export interface Twin {
  id: number;
  given: string;
  family: string;
  ref: string;
  email: string;
  username: string;
  active: boolean;
}

export interface Duplicate {
  keep: Twin;
  drop: Twin;
  why: string[];
}

export interface Merge {
  digest: string;
  applied: boolean;
  /** The change set, by which it can be taken back. */
  set: number;
  lines: { kind: "add" | "change" | "end"; what: string; name: string; detail: string }[];
  more: number;
}

export const duplicatesApi = {
  list: () => json<{ duplicates: Duplicate[]; more: number }>("GET", "/duplicates"),
  preview: (keep: number, from: number) => json<Merge>("POST", `/people/${keep}/merge`, { from }),
  merge: (keep: number, from: number, digest: string) => json<Merge>("POST", `/people/${keep}/merge`, { from, digest, apply: true }),
};
