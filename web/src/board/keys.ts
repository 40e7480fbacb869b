// What keys do on the board. Letters start a search, except while a student has the
// focus or some are selected: then some of them mark.

import type { Mark } from "../live/messages";
import { choiceFor, type Marking } from "../ui/marks";

/** Where the focus is. */
export type Place = "page" | "search" | "students" | "elsewhere";

export type Action =
  | { do: "search"; text: string }
  | { do: "mark"; mark: Mark; status?: string }
  | { do: "undo" }
  | { do: "help" }
  | { do: "select all" }
  | { do: "leave" };

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

/** markFor is what a key marks with; undefined if it does not. */
function markFor(key: string): Marking | undefined {
  return key === "Backspace" || key === "Delete" ? { mark: "unset" } : choiceFor(key);
}

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
    const choice = markFor(key.key);
    if (choice) return { do: "mark", mark: choice.mark, status: choice.status };
  }
  if (/^[\p{L}\p{N}]$/u.test(key.key)) return { do: "search", text: key.key };
  return undefined;
}
