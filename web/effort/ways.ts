// The same term in two other ways, counted step by step. Where a step could be done in
// several ways, the count is that of the quickest that is usual.

import { total, type Count } from "./tally";
import { turnover, weeks, type Term } from "./term";

export interface Step {
  name: string;
  /** How it is done, once. */
  how: string;
  once: Count;
  times: number;
}

export interface Way {
  steps: Step[];
  total: number;
}

export const listLine = "A line of the list: an excuse, one of the team, a correction";

const actions = (clicks: number, keys: number, files = 0): Count => ({ clicks, keys, files });
const way = (steps: Step[]): Way => ({ steps, total: steps.reduce((n, s) => n + s.times * total(s.once), 0) });

/** By a spreadsheet, with somebody at it who knows it well. */
export function sheet(term: Term): Way {
  const { held, lines } = term.counts;
  const changed = turnover.reduce((n, k) => n + 2 * k, 0);
  return way([
    {
      name: "First roster",
      how: "open the file (1 click, 1 file), select and copy its columns (1 click, Ctrl+A, Ctrl+C: 4 keys), go to the workbook (1 click), click a cell and paste (1 click, 2 keys)",
      once: actions(4, 6, 1),
      times: 1,
    },
    {
      name: "Look for what is different in a new roster",
      how: "open the file (1 click, 1 file), copy its ids (2 clicks, 2 keys), paste them beside the old ones (2 clicks, 2 keys), copy a formula that compares, down and for both sides (4 clicks, 8 keys), filter what differs (3 clicks)",
      once: actions(12, 12, 1),
      times: turnover.length,
    },
    {
      name: "Add or strike out a student",
      how: "insert or select the row (2 clicks), copy name and id over (2 clicks, 4 keys), or colour the row and fill the rest of it (the same)",
      once: actions(4, 4),
      times: changed,
    },
    {
      name: "Heads of 28 columns",
      how: "type two dates (2 × 10 keys, Enter), drag them on for Mondays and for Wednesdays (4 clicks)",
      once: actions(4, 22),
      times: 1,
    },
    { name: "Cancel a session", how: "select the column (1 click), colour it (2 clicks)", once: actions(3, 0), times: 2 },
    { name: "Move a session", how: "click its head (1 click), type the date (10 keys, Enter)", once: actions(1, 11), times: 1 },
    {
      name: "A form for each session, by which students check in",
      how: "duplicate the form (2 clicks), change its title to the date (1 click, Ctrl+A, 10 keys), open it to answers (1 click), show its QR code (2 clicks), close it at the end (1 click)",
      once: actions(7, 12),
      times: held,
    },
    {
      name: "Who came",
      how: "download the answers (2 clicks, 1 file), open them (1 click), copy the columns with id and time (2 clicks, 2 keys), go to a sheet of the workbook for them and paste (2 clicks, 2 keys)",
      once: actions(7, 4, 1),
      times: held,
    },
    {
      name: "Marks of all, by a formula that looks ids up, with late and absent",
      how: "copy the formula from the session before (1 click, 2 keys), paste it into the new column (2 clicks, 2 keys), point it to the new sheet by Replace (Ctrl+H, 10 keys, Tab, 10 keys, Enter: 24 keys)",
      once: actions(3, 28),
      times: held,
    },
    {
      name: "Turn the formulas into values, so that they can be written over",
      how: "select the column (1 click), copy (2 keys), paste as values (Ctrl+Shift+V: 3 keys)",
      once: actions(1, 5),
      times: held,
    },
    {
      name: "Open the list of the week",
      how: "1 click, 1 file; put it beside the workbook (1 click)",
      once: actions(2, 0, 1),
      times: weeks,
    },
    {
      name: listLine,
      how: "copy the id (1 click, 2 keys), find it in the workbook (1 click, Ctrl+F, Ctrl+V, Enter, Esc: 6 keys), click the cell in the session’s column (1 click), type the letter (1 key, Enter); copy the reason (1 click, 2 keys), insert it as a note of the cell (1 click, Shift+F2, Ctrl+V, Esc: 5 keys)",
      once: actions(5, 17),
      times: lines,
    },
    {
      name: "A report each week",
      how: "copy the sums of rows on to the new columns (2 clicks, 4 keys), save as a file (F12, a name of 6 keys, Enter)",
      once: actions(2, 12),
      times: weeks,
    },
    {
      name: "The final export",
      how: "save as CSV (1 click, F12, a name of 6 keys, choose the type: 2 clicks, Enter)",
      once: actions(3, 8),
      times: 1,
    },
  ]);
}

/** One mark at a time, in the usual form: a line for each student with a list of statuses, and a button to save. */
export function oneByOne(term: Term): Way {
  const { held, lines } = term.counts;
  return way([
    {
      name: "Roster, first and after each change",
      how: "the office uploads the file: open the page, choose the file, confirm (3 clicks, 1 file)",
      once: actions(3, 0, 1),
      times: 1 + turnover.length,
    },
    {
      name: "Sessions",
      how: "one form that repeats: open it (2 clicks), date, times, days and the last date (4 clicks, 36 keys), save (1 click)",
      once: actions(7, 36),
      times: 1,
    },
    { name: "Cancel a session", how: "open it, delete it, confirm (3 clicks)", once: actions(3, 0), times: 2 },
    {
      name: "Move a session",
      how: "open it (2 clicks), change the date (1 click, 10 keys), save (1 click)",
      once: actions(4, 10),
      times: 1,
    },
    { name: "Open the session’s form", how: "the course, the session (2 clicks)", once: actions(2, 0), times: held },
    {
      name: "A mark",
      how: "open the student’s list of statuses (1 click), choose one (1 click)",
      once: actions(2, 0),
      times: held * 300,
    },
    { name: "Save the session", how: "1 click", once: actions(1, 0), times: held },
    {
      name: "Open the list of the week, and each of its sessions again; save them",
      how: "1 click, 1 file for the list; 2 clicks to open, 1 to save, for two sessions",
      once: actions(7, 0, 1),
      times: weeks,
    },
    {
      name: listLine,
      how: "copy the id (1 click, 2 keys), find it in the form (1 click, Ctrl+F, Ctrl+V, Enter: 5 keys), choose the status (2 clicks), copy the reason (1 click, 2 keys), paste it as the remark (2 clicks, 2 keys)",
      once: actions(7, 11),
      times: lines,
    },
    { name: "A report each week", how: "open it, choose the format, download (3 clicks)", once: actions(3, 0), times: weeks },
    { name: "The final export", how: "the same (3 clicks)", once: actions(3, 0), times: 1 },
  ]);
}
