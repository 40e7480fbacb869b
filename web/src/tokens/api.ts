// API tokens: the calls and what they give.

import { json } from "../api";

export interface Token {
  id: number;
  person: number;
  given: string;
  family: string;
  name: string;
  scopes: string[];
  created: number;
  expires: number;
  /** Roughly when last; 0: never. */
  used: number;
  /** 0: not. */
  revoked: number;
}

/** The scopes, in the words of people. */
export const scopeWords: [string, string][] = [
  ["roster:read", "See courses, sessions, people and enrolments"],
  ["roster:write", "Import, and change people and settings of courses"],
  ["marks:read", "See boards and the marks on them"],
  ["marks:write", "Set marks"],
  ["sessions:write", "Make, open and close sessions, and show their codes"],
  ["reports:read", "Read reports and exports"],
  ["admin", "Everything else that an administrator may do"],
];

export const tokens = {
  list: (all: boolean, cursor: string) =>
    json<{ tokens: Token[]; next: string }>("GET", `${all ? "/tokens" : "/me/tokens"}?cursor=${encodeURIComponent(cursor)}`),
  make: (name: string, scopes: string[], days: number) =>
    json<{ secret: string; token: Token }>("POST", "/me/tokens", { name, scopes, days }),
  revoke: (all: boolean, id: number) => json<void>("DELETE", `${all ? "/tokens" : "/me/tokens"}/${id}`),
};
