// Which students are selected, and which one the keyboard is at.

import { SvelteSet } from "svelte/reactivity";
import type { Student } from "./roll.svelte";

export class Selection {
  readonly #ids = new SvelteSet<number>();
  /** The student that Tab comes back to; 0 for none. */
  current = $state(0);
  #anchor = 0;

  get size(): number {
    return this.#ids.size;
  }

  has(student: Student): boolean {
    return this.#ids.has(student.id);
  }

  of(students: readonly Student[]): Student[] {
    return students.filter((s) => this.#ids.has(s.id));
  }

  /** toggle takes a student in or out, and begins a range there. */
  toggle(student: Student): void {
    if (!this.#ids.delete(student.id)) this.#ids.add(student.id);
    this.#anchor = student.id;
  }

  /** extend selects everyone from where the last range began to the student. */
  extend(student: Student, shown: readonly Student[]): void {
    const to = shown.indexOf(student);
    let from = shown.findIndex((s) => s.id === (this.#anchor || this.current));
    if (from < 0) from = to;
    for (const s of shown.slice(Math.min(from, to), Math.max(from, to) + 1)) this.#ids.add(s.id);
    this.#anchor = shown[from]?.id ?? student.id;
  }

  all(students: readonly Student[]): void {
    for (const s of students) this.#ids.add(s.id);
  }

  clear(): void {
    this.#ids.clear();
    this.#anchor = 0;
  }

  /** keep drops those who are no longer in the course. */
  keep(students: readonly Student[]): void {
    const ids = new Set(students.map((s) => s.id));
    for (const id of this.#ids) if (!ids.has(id)) this.#ids.delete(id);
  }
}
