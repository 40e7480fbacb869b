// Whether the class is shown as tiles or as a list, remembered in this browser.

export type View = "tiles" | "list";

const key = "muster.board.view";

export function recallView(): View {
  try {
    return localStorage.getItem(key) === "list" ? "list" : "tiles";
  } catch {
    return "tiles"; // the browser keeps nothing
  }
}

export function rememberView(view: View): void {
  try {
    localStorage.setItem(key, view);
  } catch {
    // Then it is tiles again next time.
  }
}
