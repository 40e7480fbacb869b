// What keys do on the board. Letters start a search, except while a student has the
// focus or some are selected: then five of them mark.

import type { Mark } from "../live/messages";

/** Where the focus is. */
export type Place = "page" | "search" | "students" | "elsewhere";

export type Action =
  { do: "search"; text: string } | { do: "mark"; mark: Mark } | { do: "undo" } | { do: "help" } | { do: "select all" } | { do: "leave" };

export interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

export interface Situation {
  place: Place;
  /** What stands in the search field. */
  query: string;
  /** Whether there is a student for a mark: one with the focus, or a selection. */
  target: boolean;
}

/** The letters that mark, as shown beside the marks. */
export const markKeys: Record<Mark, string> = { present: "P", late: "L", absent: "A", excused: "E", unset: "U" };

const markOf: Record<string, Mark> = {
  ...Object.fromEntries(Object.entries(markKeys).map(([mark, key]) => [key.toLowerCase(), mark as Mark])),
  Backspace: "unset",
  Delete: "unset",
};

/** action says what a key does, or undefined if it does what it always does. */
export function action(key: Key, now: Situation): Action | undefined {
  // Buttons and menus have a use for these themselves.
  if (now.place === "elsewhere" && (key.key.length > 1 || key.key === " ") && key.key !== "Escape") return undefined;
  if (key.ctrlKey || key.metaKey) {
    if (key.altKey) return undefined;
    switch (key.key.toLowerCase()) {
      case "z":
        // A field with text in it has an undo of its own.
        return now.place === "search" && now.query !== "" ? undefined : { do: "undo" };
      case "a":
        return now.place === "students" ? { do: "select all" } : undefined;
    }
    return undefined;
  }
  if (key.altKey) return undefined;
  if (key.key === "Escape") return { do: "leave" };
  if (now.place === "search") return key.key === "?" && now.query === "" ? { do: "help" } : undefined;
  if (key.key === "?") return { do: "help" };
  if (key.key === "/") return { do: "search", text: "" };
  if (now.target) {
    const mark = markOf[key.key.length === 1 ? key.key.toLowerCase() : key.key];
    if (mark) return { do: "mark", mark };
  }
  if (/^[\p{L}\p{N}]$/u.test(key.key)) return { do: "search", text: key.key };
  return undefined;
}
