// What has been decided about the lines of a pasted list.

import type { Candidate, FoundLine } from "./api";

/** Whom somebody has chosen for a line; "out" leaves the line out. */
export type Choice = number | "out";

/** Choices by what stands in a line, so that they outlast changes to other lines. */
export type Choices = ReadonlyMap<string, Choice>;

export interface Line extends FoundLine {
  /** Who is meant, as far as it is settled. */
  person: Candidate | undefined;
  settled: boolean;
  out: boolean;
}

/** decide puts together what was found and what was chosen. Only what is sure is settled by itself. */
export function decide(found: readonly FoundLine[], choices: Choices): Line[] {
  return found.map((line) => {
    const choice = choices.get(line.text);
    if (choice === "out") return { ...line, person: undefined, settled: true, out: true };
    const chosen = line.people.find((p) => p.id === choice);
    const person = chosen ?? (line.sure ? line.people[0] : undefined);
    return { ...line, person, settled: person !== undefined, out: false };
  });
}

/** Who is meant by all lines together, each once. */
export function people(lines: readonly Line[]): Candidate[] {
  const all = new Map<number, Candidate>();
  for (const { person } of lines) if (person) all.set(person.id, person);
  return [...all.values()];
}

export const nameOf = (p: { family: string; given: string }): string => (p.given === "" ? p.family : `${p.family}, ${p.given}`);
