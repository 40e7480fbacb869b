// What the server wrote into the page, so that something can be seen and done before any
// script is there.

import type { StudentSnapshot } from "../live/messages";

export interface First {
  state: StudentSnapshot;
  /** For the code that was scanned. */
  ticket?: string;
  /** Of the check-in that the page's form would send; under one id it is done once. */
  id: string;
  /** Why the scan, or what the form sent, was refused. */
  refusal?: string;
  /** What the status is called that the mark stands for. */
  called?: string;
  /** What stands in the field for the code; undefined unless somebody is typing there. */
  typed?: string;
}

/** Takes it out of the page, which is about to be replaced. */
export function takeFirst(): First | undefined {
  const written = document.getElementById("first")?.textContent;
  if (!written) return undefined;
  const first = JSON.parse(written) as First;
  const field = document.getElementById("code") as HTMLInputElement | null;
  if (field && (field.value !== "" || field === document.activeElement)) first.typed = field.value;
  // A code that was scanned is of no use in history, links and reloads.
  const page = `/s/${first.state.session}`;
  if (location.pathname !== page) history.replaceState(null, "", page);
  return first;
}
