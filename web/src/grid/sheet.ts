// Marks as text: what is typed, and what is copied from and to a spreadsheet.

import { choiceOf, choices, type Marking } from "../ui/marks";

/** What a cell says: the letter of its mark or status, nothing if there is none. */
export const letterOf = (m: Marking): string => (m.mark === "unset" ? "" : choiceOf(m).letter);

const unset: Marking = { mark: "unset" };
const present: Marking = { mark: "present" };
const signs: Record<string, Marking> = { "": unset, u: unset, "-": unset, ".": unset, "✓": present, "✔": present };

/** markFor reads a letter or a word; undefined if it is none of ours. */
export function markFor(text: string): Marking | undefined {
  const key = text.trim().toLowerCase();
  return (
    signs[key] ??
    choices.find((c) => letterOf(c).toLowerCase() === key || c.name.toLowerCase() === key) ??
    choices.find((c) => c.mark === key && c.status === undefined)
  );
}

/** parseTSV reads what spreadsheets put on the clipboard: cells parted by tabs, quoted where they must be. */
export function parseTSV(text: string): string[][] {
  const rows: string[][] = [[]];
  let cell = "";
  let quoted = false;
  let begins = true; // of a cell
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted) {
      if (c !== '"') cell += c;
      else if (text[i + 1] === '"') cell += text[i++];
      else quoted = false;
      continue;
    }
    if (c === '"' && begins) {
      quoted = true;
    } else if (c === "\t") {
      rows.at(-1)!.push(cell);
      cell = "";
      begins = true;
      continue;
    } else if (c === "\n" || c === "\r") {
      if (c === "\r" && text[i + 1] === "\n") i++;
      rows.at(-1)!.push(cell);
      rows.push([]);
      cell = "";
      begins = true;
      continue;
    } else cell += c;
    begins = false;
  }
  rows.at(-1)!.push(cell);
  const last = rows.at(-1)!;
  if (rows.length > 1 && last.length === 1 && last[0] === "") rows.pop();
  return rows;
}

export const formatTSV = (rows: readonly (readonly string[])[]): string => rows.map((row) => row.join("\t")).join("\r\n");
