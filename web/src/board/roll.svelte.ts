// The roll: what the board knows of a session, kept up to date by live messages.
//
// Each student is an object with fine-grained state of its own, so that a change
// redraws one tile and not the class.

import type { BoardDelta, BoardSnapshot, Counts, Mark, Presence, Rules, Source, Status } from "../live/messages";
import { marks, same, type Marking } from "../ui/marks";
import { byName, type Named } from "./names";

/** A student's line in the record. */
export interface Entry extends Marking {
  /** ms since 1970; 0 when there is no mark. */
  readonly at: number;
  readonly source: Source;
  /** The person who set it; 0 when nobody did. */
  readonly actor: number;
  readonly note: string;
}

/** A mark that is to be set. */
export interface Wish extends Marking {
  readonly note: string;
}

const noEntry: Entry = { mark: "unset", at: 0, source: "", actor: 0, note: "" };

/** Whether somebody with this mark is in the room. */
export const isHere = (mark: Mark) => mark === "present" || mark === "late";

export class Student implements Named {
  readonly id: number;
  readonly family: string;
  readonly given: string;
  readonly ref: string;
  /** What is committed. */
  entry = $state.raw(noEntry);
  /** What was asked for here and is not confirmed yet. */
  asked = $state.raw<Wish>();
  connected = $state(false);
  /** Whether the student checked in before our eyes, a moment ago; the tile is lit up. */
  fresh = $state(false);

  constructor([id, family, given, ref]: readonly [number, string, string, string]) {
    this.id = id;
    this.family = family;
    this.given = given;
    this.ref = ref;
  }

  /** The mark to show. */
  get mark(): Mark {
    return this.asked?.mark ?? this.entry.mark;
  }

  /** Which status of the mark. */
  get status(): string | undefined {
    return (this.asked ?? this.entry).status;
  }

  get note(): string {
    return this.asked?.note ?? this.entry.note;
  }

  get name(): string {
    return this.given === "" ? this.family : `${this.family}, ${this.given}`;
  }
}

export class Roll {
  loaded = $state(false);
  session = $state(0);
  title = $state("");
  cancelled = $state(false);
  course = $state.raw({ id: 0, code: "", title: "" });
  status = $state<Status>("scheduled");
  opened = $state(0);
  closed = $state(0);
  rules = $state.raw<Rules>({ late_after: null, on_close: "absent" });
  /** By family name. */
  students = $state.raw<readonly Student[]>([]);
  counts = $state.raw<Counts>([0, 0, 0, 0, 0]);
  connected = $state(0);
  /** The last event that is in here. */
  seq = 0;
  /** Version of the course's roster. */
  roster = 0;

  #byID = new Map<number, Student>();
  #later: { seq: number; act: () => void }[] = [];

  student(id: number): Student | undefined {
    return this.#byID.get(id);
  }

  /** show takes over a whole state. Students that were known stay the same objects. */
  show(s: BoardSnapshot): void {
    const old = this.#byID;
    const students = s.people.map((line) => {
      const known = old.get(line[0]);
      const same = known && known.family === line[1] && known.given === line[2] && known.ref === line[3];
      return same ? known : new Student(line);
    });
    students.sort(byName);
    this.#byID = new Map(students.map((p) => [p.id, p]));
    const entries = new Map(s.marks.map(([id, mark, at, source, actor, note, status]) => [id, { mark, at, source, actor, note, status }]));
    const connected = new Set(s.connected);
    for (const p of students) {
      const entry = entries.get(p.id) ?? noEntry;
      if (!sameEntry(p.entry, entry)) p.entry = entry;
      p.connected = connected.has(p.id);
    }
    if (students.length !== this.students.length || students.some((p, i) => p !== this.students[i])) this.students = students;
    this.session = s.session;
    this.title = s.title;
    this.cancelled = s.cancelled ?? false;
    this.course = s.course;
    this.status = s.status;
    this.opened = s.opened;
    this.closed = s.closed;
    this.rules = s.rules;
    this.roster = s.roster;
    this.#recount();
    this.#countConnected();
    this.loaded = true;
    this.#reach(s.seq);
  }

  /** change applies events, and returns who has checked in. Events that are in here already change nothing. */
  change(d: BoardDelta): Student[] {
    const arrived: Student[] = [];
    const counts = [...this.counts] as [number, number, number, number, number];
    for (const [seq, at, kind, person, mark, source, actor, note, status] of d.events) {
      if (seq <= this.seq) continue;
      switch (kind) {
        case "open":
          this.status = "open";
          if (this.opened === 0) this.opened = at;
          break;
        case "reopen":
          this.status = "open";
          this.closed = 0;
          break;
        case "close":
          this.status = "closed";
          this.closed = at;
          break;
        case "mark": {
          const student = this.#byID.get(person);
          if (!student || mark === "") break;
          counts[marks.indexOf(student.entry.mark)]!--;
          counts[marks.indexOf(mark)]!++;
          student.entry = mark === "unset" ? noEntry : { mark, at, source, actor, note, status };
          if (source === "code" && isHere(mark)) arrived.push(student);
        }
      }
    }
    if (counts.some((n, i) => n !== this.counts[i])) this.counts = counts;
    this.#reach(d.to);
    return arrived;
  }

  /** attend takes over who is connected now. */
  attend(p: Presence): void {
    if (p.all) {
      const all = new Set(p.all);
      for (const s of this.students) s.connected = all.has(s.id);
    }
    for (const id of p.on ?? []) this.#connect(id, true);
    for (const id of p.off ?? []) this.#connect(id, false);
    this.#countConnected();
  }

  /** once calls act when everything up to seq is in here. */
  once(seq: number, act: () => void): void {
    if (seq <= this.seq) act();
    else this.#later.push({ seq, act });
  }

  #connect(id: number, on: boolean): void {
    const student = this.#byID.get(id);
    if (student) student.connected = on;
  }

  #countConnected(): void {
    this.connected = this.students.reduce((n, s) => n + (s.connected ? 1 : 0), 0);
  }

  #recount(): void {
    const counts: [number, number, number, number, number] = [0, 0, 0, 0, 0];
    for (const s of this.students) counts[marks.indexOf(s.entry.mark)]!++;
    if (counts.some((n, i) => n !== this.counts[i])) this.counts = counts;
  }

  #reach(seq: number): void {
    this.seq = seq;
    const due = this.#later.filter((l) => l.seq <= seq);
    if (due.length === 0) return;
    this.#later = this.#later.filter((l) => l.seq > seq);
    for (const l of due) l.act();
  }
}

function sameEntry(a: Entry, b: Entry): boolean {
  return same(a, b) && a.at === b.at && a.source === b.source && a.actor === b.actor && a.note === b.note;
}
