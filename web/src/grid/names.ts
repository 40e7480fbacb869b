// What the grid says of cells and sessions in words.

import { howSet, wordOf } from "../ui/marks";
import { day } from "../ui/times";
import type { GridSession } from "./api";
import type { Cell, Row } from "./term.svelte";

export const sessionName = (s: Pick<GridSession, "title" | "starts">): string =>
  s.starts === 0 ? s.title : s.title === "" || s.title.includes(day(s.starts)) ? day(s.starts) : `${day(s.starts)}, ${s.title}`;

/** readable says all that a cell tells: whose it is, when, what, how. */
export function readable(row: Row, cell: Cell, session: string): string {
  const parts = [row.name, session, wordOf(cell)];
  if (cell.source !== "" && cell.mark !== "unset") parts.push(howSet(cell.source, cell.mark));
  if (cell.note !== "") parts.push(`note: ${cell.note}`);
  if (row.left) parts.push("has left the course");
  if (cell.trouble !== "") parts.push(`not saved: ${cell.trouble}`);
  return parts.join("; ");
}
