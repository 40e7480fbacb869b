// What the server wrote into the page, so that something can be seen and done before any
// script is there.

import type { StudentSnapshot } from "../live/messages";

export interface First {
  state: StudentSnapshot;
  /** For the code that was scanned. */
  ticket?: string;
  /** Of the check-in that the page's form would send; under one id it is done once. */
  id: string;
  /** What the status is called that the mark stands for. */
  called?: string;
}

/** Takes it out of the page, if there. */
export function takeFirst(): First | undefined {
  const written = document.getElementById("first")?.textContent;
  if (!written) return undefined;
  const first = JSON.parse(written) as First;
  // A code that was scanned is of no use in history, links and reloads.
  const page = `/s/${first.state.session}`;
  if (location.pathname !== page) history.replaceState(null, "", page);
  return first;
}

/** What stands in the page's field for the code; undefined unless somebody is typing there. */
export function typedSoFar(): string | undefined {
  const field = document.getElementById("code") as HTMLInputElement | null;
  return field && (field.value !== "" || field === document.activeElement) ? field.value : undefined;
}
