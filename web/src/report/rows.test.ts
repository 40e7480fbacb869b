import { expect, test } from "vitest";
import type { Mark, ReportRow } from "../api";
import { select, setBy } from "./rows";

const row = (family: string, mark: Mark, at = 0, rest: Partial<ReportRow> = {}): ReportRow => ({
  person: at,
  family,
  given: "X",
  ref: "",
  mark,
  at,
  source: "",
  actor: "",
  note: "",
  ...rest,
});

const rows = [row("Abel", "absent"), row("Bohr", "present", 30), row("Curie", "late", 90), row("Debye", "present", 20)];
const names = (shown: ReportRow[]) => shown.map((r) => r.family);
const byName = { column: "name", descending: false } as const;

test("rows stay by name unless another column is asked for", () => {
  expect(names(select(rows, new Set(), "", byName))).toEqual(["Abel", "Bohr", "Curie", "Debye"]);
  expect(names(select(rows, new Set(), "", { column: "name", descending: true }))).toEqual(["Debye", "Curie", "Bohr", "Abel"]);
});

test("those without a time come last by time, equal marks stay by name", () => {
  expect(names(select(rows, new Set(), "", { column: "at", descending: false }))).toEqual(["Debye", "Bohr", "Curie", "Abel"]);
  expect(names(select(rows, new Set(), "", { column: "mark", descending: false }))).toEqual(["Bohr", "Debye", "Curie", "Abel"]);
});

test("references are ordered as numbers", () => {
  const refs = [row("A", "unset", 0, { ref: "s10" }), row("B", "unset", 0, { ref: "s9" })];
  expect(names(select(refs, new Set(), "", { column: "ref", descending: false }))).toEqual(["B", "A"]);
});

test("marks and words narrow the rows together", () => {
  expect(names(select(rows, new Set<Mark>(["present", "late"]), "", byName))).toEqual(["Bohr", "Curie", "Debye"]);
  expect(names(select(rows, new Set<Mark>(["present"]), "deb", byName))).toEqual(["Debye"]);
  expect(names(select([row("Müller", "excused", 0, { note: "Ärztin" })], new Set(), "muller arztin", byName))).toEqual(["Müller"]);
});

test("what set a mark is told in words", () => {
  expect(setBy({ source: "code", actor: "Ada King", mark: "absent" })).toBe("checked in");
  expect(setBy({ source: "hand", actor: "Ada King", mark: "absent" })).toBe("by Ada King");
  expect(setBy({ source: "rule", actor: "", mark: "absent" })).toBe("when closed");
  expect(setBy({ source: "rule", actor: "", mark: "excused" })).toBe("by an excuse");
  expect(setBy({ source: "", actor: "", mark: "absent" })).toBe("");
});
