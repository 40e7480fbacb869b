import { expect, test } from "vitest";
import { action, type Place, type Situation } from "./keys";

const press = (key: string, place: Place, rest: Partial<Situation & { ctrl: boolean }> = {}) =>
  action(
    { key, ctrlKey: rest.ctrl ?? false, metaKey: false, altKey: false },
    { place, query: rest.query ?? "", target: rest.target ?? place === "students" },
  );

test("a letter anywhere starts a search with it", () => {
  expect(press("p", "page")).toEqual({ do: "search", text: "p" });
  expect(press("Ö", "page")).toEqual({ do: "search", text: "Ö" });
  expect(press("x", "students")).toEqual({ do: "search", text: "x" });
});

test("with a student at hand, the five letters mark", () => {
  const marked = ["p", "L", "a", "e", "u", "Backspace", "Delete"].map((key) => press(key, "students"));
  expect(marked.map((a) => a?.do === "mark" && a.mark)).toEqual(["present", "late", "absent", "excused", "unset", "unset", "unset"]);
  expect(press("p", "page", { target: true })).toEqual({ do: "mark", mark: "present" });
});

test("what is typed into the search stays there", () => {
  for (const key of ["p", "u", "Backspace", " ", "/"]) expect(press(key, "search", { query: "m", target: true })).toBeUndefined();
});

test("buttons keep their own keys", () => {
  for (const key of ["Enter", " ", "Tab", "ArrowDown", "Backspace"]) expect(press(key, "elsewhere", { target: true })).toBeUndefined();
});

test("undo works everywhere but in text", () => {
  expect(press("z", "students", { ctrl: true })).toEqual({ do: "undo" });
  expect(press("z", "search", { ctrl: true })).toEqual({ do: "undo" });
  expect(press("z", "search", { ctrl: true, query: "mü" })).toBeUndefined();
});

test("the browser keeps its own shortcuts", () => {
  for (const key of ["p", "l", "r", "f"]) expect(press(key, "students", { ctrl: true })).toBeUndefined();
  expect(press("a", "page", { ctrl: true })).toBeUndefined();
  expect(press("a", "students", { ctrl: true })).toEqual({ do: "select all" });
});

test("? helps, / goes to the search, Escape leaves", () => {
  expect(press("?", "students")).toEqual({ do: "help" });
  expect(press("?", "search")).toEqual({ do: "help" });
  expect(press("?", "search", { query: "m" })).toBeUndefined();
  expect(press("/", "page")).toEqual({ do: "search", text: "" });
  expect(press("Escape", "search", { query: "m" })).toEqual({ do: "leave" });
});
