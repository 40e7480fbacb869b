// The marks in the words and the order in which people see them.

import type { Mark, Source } from "../live/messages";

/** In the order of the protocol's counts. */
export const marks: readonly Mark[] = ["present", "late", "absent", "excused", "unset"];

/** What marks are called, as the institution has it. */
export const markWords: Record<Mark, string> = {
  present: "Present",
  late: "Late",
  absent: "Absent",
  excused: "Excused",
  unset: "Not marked",
};

/** The letters that marks are written with, and that mark on a keyboard. */
export const markLetters: Record<Mark, string> = { present: "P", late: "L", absent: "A", excused: "E", unset: "U" };

/** What marks count as: the student was there, was away, or the session is left out. */
export const countsAs: Record<Mark, "there" | "away" | "out"> = {
  present: "there",
  late: "there",
  absent: "away",
  excused: "out",
  unset: "out",
};

/** A mark, and which of the course's statuses of it; without one, the mark itself. */
export interface Marking {
  readonly mark: Mark;
  readonly status?: string;
}

/** What the institution makes of a mark, or of a status that it has beside the marks. */
export interface Status {
  mark: Exclude<Mark, "unset">;
  /** Which status of the mark; left out: the mark itself. */
  key?: string;
  name: string;
  letter: string;
  points: number;
  counts: "there" | "away" | "out";
}

/** What somebody can be marked with. */
export interface Choice extends Marking {
  readonly name: string;
  readonly letter: string;
  readonly counts: "there" | "away" | "out";
}

const ofMark = (mark: Mark): Choice => ({ mark, name: markWords[mark], letter: markLetters[mark], counts: countsAs[mark] });

/** All that somebody can be marked with: the marks, other statuses each after its mark, and no mark last. */
export let choices: readonly Choice[] = marks.map(ofMark);

/** use takes over what the institution makes of marks, before anything is shown. */
export function use(statuses: readonly Status[]): void {
  for (const s of statuses) {
    if (s.key) continue;
    markWords[s.mark] = s.name;
    markLetters[s.mark] = s.letter.toUpperCase();
    countsAs[s.mark] = s.counts;
  }
  choices = marks.flatMap((mark) => [
    ofMark(mark),
    ...statuses
      .filter((s) => s.key && s.mark === mark)
      .map((s): Choice => ({ mark, status: s.key!, name: s.name, letter: s.letter.toUpperCase(), counts: s.counts })),
  ]);
}

/** same says whether two are the same mark with the same status. */
export const same = (a: Marking, b: Marking): boolean => a.mark === b.mark && (a.status ?? "") === (b.status ?? "");

/** choiceOf is what a marking stands for; a status that the course does not have is its mark. */
export const choiceOf = (m: Marking): Choice =>
  (m.status && choices.find((c) => same(c, m))) || choices.find((c) => c.mark === m.mark && c.status === undefined)!;

/** What a marking is called. */
export const wordOf = (m: Marking): string => choiceOf(m).name;

/** What a key or a letter marks with; undefined if it does not. */
export const choiceFor = (letter: string): Choice | undefined => choices.find((c) => c.letter === letter.toUpperCase());

const sourceWords: Record<Source, string> = { code: "checked in", hand: "by hand", rule: "when closed", card: "by card", "": "" };

/** What set a mark, in a few words. */
export function howSet(source: Source, mark: Mark): string {
  if (source !== "rule") return sourceWords[source];
  return mark === "excused" ? "by an excuse" : mark === "absent" ? "when closed" : "by changed rules";
}

/** What a mark's sign is drawn with, in a box of 16 by 16. */
export const strokes: Record<Mark, string> = {
  present: "M3 8.5l3.4 3.4L13 4.6", // a tick
  late: "M8 2.2a5.8 5.8 0 1 0 .01 0M8 4.8V8l2.4 1.8", // a clock
  absent: "M4 4l8 8M12 4l-8 8", // a cross
  excused: "M11.5 3H5v10h6.5M5 8h5.2", // an E
  unset: "M8 7.2a.8.8 0 1 0 .01 0", // a dot
};

/** A mark's sign as an image in CSS, for where there are so many that elements would cost too much. */
export function signImage(mark: Mark, colour: string): string {
  const width = mark === "late" ? 1.8 : 2.2;
  const path = `<path fill="none" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" stroke-linejoin="round" d="${strokes[mark]}"/>`;
  return `url("data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${path}</svg>`)}")`;
}
