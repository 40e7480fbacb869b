// The term of a course as the grid shows it: students by sessions. Edits are shown at
// once, sent one after the other, and undone on the server, which knows what has been
// changed since.

import { Problem, sentence } from "../api";
import type { BoardDelta, BoardSnapshot, Mark, Source } from "../live/messages";
import { same, type Marking } from "../ui/marks";
import {
  readMark,
  readSource,
  type CellEdit,
  type CellResult,
  type EditAnswer,
  type GridAnswer,
  type GridSession,
  type UndoAnswer,
} from "./api";

export interface Cell extends Marking {
  readonly source: Source;
  readonly note: string;
  /** Not confirmed yet. */
  readonly asked: boolean;
  /** Why the server refused the last change; empty if it did not. */
  readonly trouble: string;
}

function replaced<T>(all: readonly T[], at: number, by: T): T[] {
  const copy = all.slice();
  copy[at] = by;
  return copy;
}

const none: Cell = { mark: "unset", source: "", note: "", asked: false, trouble: "" };

export class Row {
  readonly id: number;
  readonly family: string;
  readonly given: string;
  readonly ref: string;
  readonly left: boolean;
  cells = $state.raw<readonly Cell[]>([]);

  constructor(student: { id: number; family: string; given: string; ref: string; left?: boolean }, cells: readonly Cell[]) {
    this.id = student.id;
    this.family = student.family;
    this.given = student.given;
    this.ref = student.ref;
    this.left = student.left ?? false;
    this.cells = cells;
  }

  get name(): string {
    return this.given === "" ? this.family : `${this.family}, ${this.given}`;
  }

  put(column: number, cell: Cell): void {
    this.cells = replaced(this.cells, column, cell);
  }
}

/** A cell that is to be changed; without a note, the note stays. */
export interface Wish {
  row: Row;
  column: number;
  mark: Mark;
  status?: string;
  note?: string;
}

export interface Server {
  grid(): Promise<GridAnswer>;
  edit(marks: CellEdit[]): Promise<EditAnswer>;
  /** Takes a change set back, all of it or, with rest, what has not been changed since. */
  undo(set: number, rest: boolean): Promise<UndoAnswer>;
}

/** What went wrong, and what can be done about it. */
export interface Failure {
  words: string;
  again?: { words: string; act: () => void };
}

export class Term {
  sessions = $state.raw<readonly GridSession[]>([]);
  rows = $state.raw<readonly Row[]>([]);
  loaded = $state(false);
  waiting = $state(0);
  failure = $state.raw<Failure>();
  #done = $state.raw<readonly number[]>([]);
  #undone = $state.raw<readonly number[]>([]);
  #turn: Promise<unknown> = Promise.resolve();
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
  }

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** load brings everything up to date. What is being sent stays as it was asked for. */
  async load(): Promise<void> {
    this.#take(await this.#server.grid());
  }

  #take(answer: GridAnswer): void {
    const notes = new Map(answer.notes.map(({ person, session, note }) => [`${person} ${session}`, note]));
    const statuses = new Map(answer.statuses.map(({ person, session, status }) => [`${person} ${session}`, status]));
    const known = new Map(this.rows.map((row) => [row.id, row]));
    const columns = new Map(this.sessions.map((s, i) => [s.id, i]));
    this.rows = answer.students.map((student) => {
      const before = known.get(student.id);
      const cells = answer.sessions.map((session, i): Cell => {
        const old = before?.cells[columns.get(session.id) ?? -1];
        if (old?.asked) return old;
        return {
          ...none,
          mark: readMark(student.marks[i]),
          status: statuses.get(`${student.id} ${session.id}`),
          source: readSource(student.sources[i]),
          note: notes.get(`${student.id} ${session.id}`) ?? "",
        };
      });
      return new Row(student, cells);
    });
    this.sessions = answer.sessions;
    this.loaded = true;
  }

  /** edit changes cells, and returns how many are to be different. */
  edit(wishes: readonly Wish[]): number {
    const changed = wishes.filter(({ row, column, mark, status, note }) => {
      const cell = row.cells[column];
      return cell && !row.left && (!same(cell, { mark, status }) || (note !== undefined && note !== cell.note) || cell.trouble !== "");
    });
    if (changed.length === 0) return 0;
    const before = changed.map(({ row, column }) => row.cells[column]!);
    for (const { row, column, mark, status, note } of changed) {
      const cell = row.cells[column]!;
      row.put(column, {
        ...cell,
        mark,
        status,
        source: "hand",
        note: mark === "unset" ? "" : (note ?? cell.note),
        asked: true,
        trouble: "",
      });
    }
    this.waiting += changed.length;
    void this.#next(() => this.#send(changed, before));
    return changed.length;
  }

  async #send(wishes: readonly Wish[], before: readonly Cell[]): Promise<void> {
    const ids = wishes.map(({ row, column }) => [row.id, this.sessions[column]?.id ?? 0] as const);
    try {
      const answer = await this.#server.edit(
        wishes.map(({ mark, status, note }, i) => ({
          person: ids[i]![0],
          session: ids[i]![1],
          mark,
          ...(status ? { status } : {}),
          ...(note === undefined ? {} : { note }),
        })),
      );
      const why = new Map(answer.refused.map((r) => [r.at, r.why]));
      ids.forEach(([person, session], i) => this.#settle(person, session, answer.results[i] ?? "refused", before[i]!, why.get(i) ?? ""));
      if (answer.set > 0) {
        this.#done = [...this.#done, answer.set];
        this.#undone = [];
      }
      if (answer.refused.length > 0) this.failure = { words: refusal(answer, wishes.length) };
    } catch (err) {
      ids.forEach(([person, session], i) => this.#settle(person, session, "refused", before[i]!, sentence(err)));
      this.failure = { words: `The marks were not saved. ${sentence(err)}`, again: { words: "Try again", act: () => this.edit(wishes) } };
    } finally {
      this.waiting -= wishes.length;
    }
  }

  #settle(person: number, session: number, result: CellResult, before: Cell, why: string): void {
    const row = this.rows.find((r) => r.id === person);
    const column = this.sessions.findIndex((s) => s.id === session);
    const cell = row?.cells[column];
    if (!row || !cell) return;
    row.put(column, result === "refused" ? { ...before, asked: false, trouble: why } : { ...cell, asked: false });
  }

  /** applied takes note of a change set that was applied besides, so that undo takes it back. */
  applied(set: number): void {
    if (set > 0) [this.#done, this.#undone] = [[...this.#done, set], []];
  }

  undo = () => this.#back(false);
  redo = () => this.#back(true);

  /** Takes the newest step back, or the newest undo. Rest: what has been changed since stays. */
  #back(redo: boolean, rest = false): Promise<void> {
    return this.#next(async () => {
      const steps = redo ? this.#undone : this.#done;
      const set = steps.at(-1);
      if (set === undefined) return;
      try {
        const answer = await this.#server.undo(set, rest);
        if (!answer.undone) {
          this.failure = { words: answer.detail, again: { words: "Undo the others", act: () => void this.#back(redo, true) } };
          return;
        }
        this.#drop(redo, steps);
        if (redo) this.#done = [...this.#done, answer.set];
        else this.#undone = [...this.#undone, answer.set];
        await this.load();
      } catch (err) {
        this.failure = { words: sentence(err) };
        if (!(err instanceof Problem) || err.code !== "conflict") return;
        this.#drop(redo, steps); // it has been undone elsewhere
        await this.load();
      }
    });
  }

  #drop(redo: boolean, steps: readonly number[]): void {
    if (redo) this.#undone = steps.slice(0, -1);
    else this.#done = steps.slice(0, -1);
  }

  /** Has one thing done after the other. */
  #next(act: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(act);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  /** snapshot takes in the marks of a session that is open. */
  snapshot(session: number, s: BoardSnapshot): void {
    const column = this.sessions.findIndex((x) => x.id === session);
    if (column < 0) return;
    const marks = new Map(s.marks.map((m) => [m[0], m]));
    for (const row of this.rows) {
      const m = marks.get(row.id);
      this.#show(row, column, m ? { ...none, mark: m[1], status: m[6], source: m[3], note: m[5] } : none);
    }
    this.#status(column, s.status);
  }

  delta(session: number, d: BoardDelta): void {
    const column = this.sessions.findIndex((x) => x.id === session);
    if (column < 0) return;
    const rows = new Map(this.rows.map((r) => [r.id, r]));
    for (const [, , kind, person, mark, source, , note, status] of d.events) {
      if (kind === "mark") {
        const row = rows.get(person);
        if (row)
          this.#show(row, column, { ...none, mark: mark === "" ? "unset" : mark, status, source: mark === "unset" ? "" : source, note });
      } else this.#status(column, kind === "close" ? "closed" : "open");
    }
  }

  #show(row: Row, column: number, cell: Cell): void {
    const old = row.cells[column];
    if (!old || old.asked) return;
    if (!same(old, cell) || old.source !== cell.source || old.note !== cell.note) row.put(column, cell);
  }

  #status(column: number, status: GridSession["status"]): void {
    if (this.sessions[column]?.status !== status) this.sessions = replaced(this.sessions, column, { ...this.sessions[column]!, status });
  }
}

function refusal(answer: EditAnswer, all: number): string {
  const n = answer.refused.length;
  const reasons = [...new Set(answer.refused.map((r) => r.why))];
  return `${n === all ? (n === 1 ? "This mark was" : `These ${n} marks were`) : `${n} of ${all} marks were`} not set. ${reasons.slice(0, 2).join(" ")}`;
}
