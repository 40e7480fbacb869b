// Marks in words.

import type { Mark } from "../live/messages";

export const markWords: Record<Mark, string> = {
  present: "Present",
  late: "Late",
  absent: "Absent",
  excused: "Excused",
  unset: "Not marked",
};
