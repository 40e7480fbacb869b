// The term: who is in the course, what happens, and what the record has to say of it in
// the end. All of it is made up, and the same each time.

export type Letter = "p" | "l" | "a" | "e";

export interface Student {
  ref: string;
  given: string;
  family: string;
  /** The weeks in which they are in the course: from the first session after the roster of week `from` on. */
  from: number;
  until: number;
}

export interface Session {
  /** Its number in the plan, 0 to 27. */
  n: number;
  week: number;
  /** When it begins, after it was moved if it was. */
  starts: number;
  cancelled: boolean;
  moved: boolean;
}

/** A line of the weekly list of excuses and corrections. */
export interface Line {
  student: Student;
  session: Session;
  what: Letter;
  reason: string;
}

export const words: Record<Letter, string> = { p: "present", l: "late", a: "absent", e: "excused" };

export const size = 300;
export const weeks = 14;
export const day = 86_400_000;
export const minute = 60_000;
export const length = 90 * minute;
const startsAt = (10 * 60 + 15) * minute; // 10:15
const cancelled = [9, 20];
const movedOne = 15;
export const teamWeek = 8;
const teamSize = 15;
const excusesEach = 4;

/** How many join and how many leave after the sessions of the first weeks. */
export const turnover = [5, 3, 2];

/** A generator of numbers from 0 to 1 that are the same each time (mulberry32). */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const givens = ["Ada", "Alan", "Anna", "Ben", "Chen", "Dora", "Emil", "Fatima", "Greta", "Hugo", "Ines", "Jonas", "Kaya", "Lena", "Mina"];
const families = [
  "Abel",
  "Bach",
  "Chandra",
  "Diaz",
  "Ekholm",
  "Fuchs",
  "Garcia",
  "Haas",
  "Ito",
  "Jung",
  "Kaiser",
  "Lang",
  "Meyer",
  "Novak",
];

export class Term {
  readonly students: Student[] = [];
  readonly sessions: Session[] = [];
  /** What each student does in each session: on time, late, or not there. */
  readonly came = new Map<Session, Map<Student, "p" | "l" | "a">>();
  readonly lines: Line[] = [];

  constructor(/** The midnight before the first Monday. */ readonly monday: number) {
    const chance = random(2026);
    const joining = turnover.reduce((sum, n) => sum + n, 0);
    let leaving = 0;
    let left = turnover[0]!;
    for (let i = 0; i < size + joining; i++) {
      const student = {
        ref: `0${410_000 + 37 * i}`,
        given: givens[(i * 7) % givens.length]!,
        family: `${families[i % families.length]!}${["", "-Reed", "-Stone", "-Wood"][Math.floor(i / families.length) % 4]!}`,
        from: 1,
        until: weeks,
      };
      // Every 20th of the first leaves, as many as join; those who join stand at the end.
      if (i < size && i % 20 === 0 && leaving < turnover.length) {
        student.until = leaving + 1;
        if (--left === 0) left = turnover[++leaving] ?? 0;
      }
      this.students.push(student);
    }
    let at = size;
    turnover.forEach((n, week) => {
      for (let k = 0; k < n; k++) this.students[at++]!.from = week + 2;
    });
    for (let n = 0; n < 2 * weeks; n++) {
      const week = Math.floor(n / 2) + 1;
      const on = this.monday + ((week - 1) * 7 + (n % 2) * 2 + (n === movedOne ? 1 : 0)) * day;
      this.sessions.push({ n, week, starts: on + startsAt, cancelled: cancelled.includes(n), moved: n === movedOne });
    }
    for (const session of this.held) this.#hold(session, chance);
  }

  get held(): Session[] {
    return this.sessions.filter((s) => !s.cancelled);
  }

  /** Who is in the course in a week. */
  members(week: number): Student[] {
    return this.students.filter((s) => s.from <= week && s.until >= week);
  }

  #hold(session: Session, chance: () => number) {
    const came = new Map<Student, "p" | "l" | "a">();
    const members = this.members(session.week);
    // The team are students who stay; so that nobody has two lines, the others are taken from the rest.
    const team = session.week === teamWeek ? members.slice(-60, -60 + teamSize) : [];
    const others = members.filter((s) => !team.includes(s));
    const take = () => others.splice(Math.floor(chance() * others.length), 1)[0]!;
    for (const student of team) this.#line(came, student, session, "a", "e", "team away");
    for (let i = 0; i < excusesEach; i++) this.#line(came, take(), session, "a", "e", "ill");
    this.#line(came, take(), session, "a", "p", "phone was flat");
    this.#line(came, take(), session, "l", "p", "bus was late");
    this.#line(came, take(), session, "p", "a", "left at once");
    for (const student of others) {
      const x = chance();
      came.set(student, x < 0.12 ? "a" : x < 0.18 ? "l" : "p");
    }
    this.came.set(session, came);
  }

  #line(came: Map<Student, "p" | "l" | "a">, student: Student, session: Session, did: "p" | "l" | "a", what: Letter, reason: string) {
    came.set(student, did);
    this.lines.push({ student, session, what, reason });
  }

  /** What the record has to say in the end: a letter for each student who was in the course. */
  truth(session: Session): Map<Student, Letter> {
    const marks = new Map<Student, Letter>(this.came.get(session));
    for (const line of this.lines) if (line.session === session) marks.set(line.student, line.what);
    return marks;
  }

  /** The list of a week, as it comes out of a form. */
  list(week: number): string {
    const rows = this.lines
      .filter((l) => l.session.week === week)
      .map((l) => [l.student.ref, `${l.student.given} ${l.student.family}`, iso(l.session.starts), words[l.what], l.reason].join(","));
    return ["Student ID,Name,Date,What,Reason", ...rows].join("\r\n") + "\r\n";
  }

  /** How many events there are of each kind. */
  get counts() {
    const team = this.lines.filter((l) => l.reason === "team away").length;
    const corrections = this.lines.filter((l) => l.what !== "e").length;
    return { held: this.held.length, excuses: this.lines.length - team - corrections, team, corrections, lines: this.lines.length };
  }
}

export const iso = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
