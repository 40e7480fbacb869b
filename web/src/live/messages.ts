// The messages of docs/protocol.md, as types.

export type Status = "scheduled" | "open" | "closed";
export type Mark = "present" | "late" | "absent" | "excused" | "unset";
export type Source = "code" | "hand" | "rule" | "card" | "";
export type Audience = "board" | "display" | "student";

/** How many students are present, late, absent, excused, unset. */
export type Counts = [present: number, late: number, absent: number, excused: number, unset: number];

/** A student's own mark, and which status it stands for, if one. */
export type You = [person: number, mark: Mark, at: number, source: Source, status?: string];

interface State {
  status: Status;
  /** Times are milliseconds since 1970 by the server's clock; 0: it has not happened. */
  opened: number;
  closed: number;
  counts: Counts;
}

interface Snapshot extends State {
  t: "snapshot";
  session: number;
  seq: number;
  now: number;
  title: string;
  course: { id: number; code: string; title: string };
  /** It does not take place. */
  cancelled?: true;
}

export interface Rules {
  late_after: number | null;
  on_close: "absent" | "leave";
}

export interface BoardSnapshot extends Snapshot {
  audience: "board";
  roster: number;
  rules: Rules;
  people: [id: number, family: string, given: string, ref: string][];
  marks: [person: number, mark: Mark, at: number, source: Source, actor: number, note: string, status?: string][];
  connected: number[];
}

/** Codes for the display: [QR code, digits], the first valid from start for step ms. */
export interface CodeSheet {
  start: number;
  step: number;
  codes: [qr: string, digits: string][];
}

export interface DisplaySnapshot extends Snapshot {
  audience: "display";
  connected: number;
  codes?: CodeSheet;
}

export interface StudentSnapshot extends Snapshot {
  audience: "student";
  you: You;
}

export type AnySnapshot = BoardSnapshot | DisplaySnapshot | StudentSnapshot;

export type EventKind = "open" | "close" | "reopen" | "mark";
export type BoardEvent = [
  seq: number,
  at: number,
  kind: EventKind,
  person: number,
  mark: Mark | "",
  source: Source,
  actor: number,
  note: string,
  status?: string,
];

interface Delta {
  t: "delta";
  from: number;
  to: number;
}

export interface BoardDelta extends Delta {
  events: BoardEvent[];
}

/** The state as it is at seq `to`; `you` when one's own mark changed. */
export interface StateDelta extends Delta, State {
  you?: You;
}

export interface Ack {
  t: "ack";
  id: string;
  from: number;
  to: number;
  mark?: Mark;
  at?: number;
  source?: Source;
}

export interface Presence {
  t: "presence";
  on?: number[];
  off?: number[];
  all?: number[];
  count?: number;
}

export interface Codes extends CodeSheet {
  t: "codes";
}

export interface Failure {
  t: "error";
  id?: string;
  code: string;
  message: string;
  field?: string;
  retry_ms?: number;
}

export type ServerMessage =
  | AnySnapshot
  | BoardDelta
  | StateDelta
  | Ack
  | Presence
  | Codes
  | Failure
  | { t: "pong"; n: number; now?: number }
  | { t: "bye"; reason: string; retry_ms: number };

/** A command without its id, which the live client makes. */
export type Command =
  | { t: "open" }
  | { t: "close"; unset?: "absent" | "leave" }
  | { t: "reopen" }
  | { t: "check_in"; code?: string; ticket?: string }
  | { t: "mark"; marks: [person: number, mark: Mark, status?: string][]; note?: string };
