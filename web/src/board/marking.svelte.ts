// Setting marks by hand: shown at once, taken back by undo, and when the server
// refuses, kept at hand to be tried again.

import type { Mark } from "../live/messages";
import { same } from "../ui/marks";
import type { Entry, Roll, Student, Wish } from "./roll.svelte";

/** The part of a live connection that setting marks needs. */
export interface MarkSender {
  /** Resolves when the marks are committed, rejects when they were refused. */
  mark(pairs: [person: number, mark: Mark, status?: string][], note: string): Promise<{ to: number }>;
}

/** A change that was refused. */
export interface Refusal {
  readonly students: readonly Student[];
  readonly wish: Wish;
  readonly reason: string;
}

/** A change that can be undone. */
interface Step {
  readonly wish: Wish;
  readonly before: readonly (readonly [Student, Entry])[];
}

// One command may have 2000 marks; fewer keep it far from the largest message.
const marksPerCommand = 1000;
const stepsKept = 100;

export class Marking {
  /** What was refused, newest last. */
  refusals = $state.raw<readonly Refusal[]>([]);
  /** How many marks are not confirmed yet. */
  waiting = $state(0);
  #steps = $state.raw<readonly Step[]>([]);
  #roll: Roll;
  #sender: MarkSender;

  constructor(roll: Roll, sender: MarkSender) {
    this.#roll = roll;
    this.#sender = sender;
  }

  get canUndo(): boolean {
    return this.#steps.length > 0;
  }

  /** set marks students, and returns how many of them did not have this mark, status and note. */
  set(students: readonly Student[], mark: Mark, note = "", status?: string): number {
    const wish: Wish = { mark, note, status };
    const changed = students.filter((s) => !same(s, wish) || s.note !== note);
    if (changed.length > 0) this.#do(changed, wish);
    return changed.length;
  }

  /**
   * undo takes the last change back, for those whose mark nobody changed since, and
   * returns whom it concerned; undefined when there is nothing to undo.
   */
  undo(): readonly Student[] | undefined {
    const step = this.#steps.at(-1);
    if (!step) return undefined;
    this.#steps = this.#steps.slice(0, -1);
    const { wish } = step;
    const untouched = step.before.filter(
      ([s]) => same(s, wish) && s.note === wish.note && (s.asked !== undefined || s.entry.source !== "code"),
    );
    const groups = new Map<string, { wish: Wish; students: Student[] }>();
    for (const [student, { mark, note, status }] of untouched) {
      const key = [mark, status, note].join("\n");
      const group = groups.get(key) ?? { wish: { mark, note, status }, students: [] };
      group.students.push(student);
      groups.set(key, group);
    }
    for (const g of groups.values()) this.#send(g.students, g.wish);
    return untouched.map(([s]) => s);
  }

  /** retry asks again for what was refused. */
  retry(refusal: Refusal): void {
    this.dismiss(refusal);
    this.#do(refusal.students, refusal.wish);
  }

  dismiss(refusal: Refusal): void {
    this.refusals = this.refusals.filter((r) => r !== refusal);
  }

  #do(students: readonly Student[], wish: Wish): void {
    const step = { wish, before: students.map((s) => [s, s.entry] as const) };
    this.#steps = [...this.#steps, step].slice(-stepsKept);
    this.#send(students, wish, step);
  }

  #send(students: readonly Student[], wish: Wish, step?: Step): void {
    for (let i = 0; i < students.length; i += marksPerCommand) {
      void this.#command(students.slice(i, i + marksPerCommand), wish, step);
    }
  }

  async #command(students: readonly Student[], wish: Wish, step?: Step): Promise<void> {
    for (const s of students) s.asked = wish;
    this.waiting += students.length;
    try {
      const ack = await this.#sender.mark(
        students.map((s) => (wish.status ? [s.id, wish.mark, wish.status] : [s.id, wish.mark])),
        wish.note,
      );
      // Until the events are here, the tiles would fall back to what they were.
      this.#roll.once(ack.to, () => this.#settle(students, wish));
    } catch (err) {
      this.#settle(students, wish);
      this.#steps = this.#steps.filter((s) => s !== step);
      this.refusals = [...this.refusals, { students, wish, reason: err instanceof Error ? err.message : String(err) }];
    }
  }

  #settle(students: readonly Student[], wish: Wish): void {
    this.waiting -= students.length;
    for (const s of students) if (s.asked === wish) s.asked = undefined; // else something newer was asked for
  }
}
