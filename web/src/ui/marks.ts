// The marks in the words and the order in which people see them.

import type { Mark, Source } from "../live/messages";

/** In the order of the protocol's counts. */
export const marks: readonly Mark[] = ["present", "late", "absent", "excused", "unset"];

export const markWords: Record<Mark, string> = {
  present: "Present",
  late: "Late",
  absent: "Absent",
  excused: "Excused",
  unset: "Not marked",
};

/** What set a mark, in a few words. */
export const sourceWords: Record<Source, string> = { code: "checked in", hand: "by hand", rule: "when closed", "": "" };
