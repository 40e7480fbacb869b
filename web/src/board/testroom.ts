// A small session for the tests of the board.

import type { BoardEvent, BoardSnapshot, Mark } from "../live/messages";

export const opened = 1_732_390_000_000;

export function snapshot(change: Partial<BoardSnapshot> = {}): BoardSnapshot {
  return {
    t: "snapshot",
    audience: "board",
    session: 42,
    seq: 5,
    now: opened + 60_000,
    status: "open",
    opened,
    closed: 0,
    title: "Week 7",
    course: { id: 5, code: "CS101", title: "Algorithms" },
    counts: [1, 0, 0, 0, 2],
    roster: 3,
    rules: { late_after: 15, on_close: "absent" },
    people: [
      [1, "Hopper", "Grace", "s-1"],
      [2, "Lovelace", "Ada", "s-2"],
      [3, "Noether", "Emmy", "s-3"],
    ],
    marks: [[2, "present", opened + 5000, "code", 2, ""]],
    connected: [2, 3],
    ...change,
  };
}

export const marked = (seq: number, person: number, mark: Mark, source: "code" | "hand" | "rule" = "code", note = ""): BoardEvent => [
  seq,
  opened + seq * 1000,
  "mark",
  person,
  mark,
  source,
  source === "code" ? person : 0,
  note,
];
