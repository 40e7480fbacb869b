import { expect, test } from "vitest";
import type { Counts } from "../api";
import type { TermSession, TermStudent } from "./api";
import { isBelow, percentWords, select, weeks } from "./term";

const student = (family: string, points: number, of: number, ref = ""): TermStudent => ({
  person: of,
  family,
  given: "X",
  ref,
  left: false,
  marks: [],
  counts: [points, 0, of - points, 0, 0] as unknown as Counts,
  points,
  of,
  counted: of,
  there: points,
  percent: of === 0 ? null : (points / of) * 100,
});

const all = [student("Abel", 9, 10, "B10"), student("Bohr", 5, 10, "B9"), student("Curie", 10, 10), student("Debye", 0, 0)];
const names = (shown: TermStudent[]) => shown.map((s) => s.family);
const byName = { column: "name", descending: false } as const;

test("who has nothing that counts is below no limit", () => {
  expect(names(select(all, "", 95, byName))).toEqual(["Abel", "Bohr"]);
  expect(names(select(all, "", 90, byName))).toEqual(["Bohr"]);
  expect(isBelow(all[3]!, 100)).toBe(false);
});

test("words are found in names and references", () => {
  expect(names(select(all, "b1", undefined, byName))).toEqual(["Abel"]);
  expect(names(select(all, "x BOHR", undefined, byName))).toEqual(["Bohr"]);
});

test("columns sort both ways, those alike by name", () => {
  expect(names(select(all, "", undefined, { column: "percent", descending: false }))).toEqual(["Debye", "Bohr", "Abel", "Curie"]);
  expect(names(select(all, "", undefined, { column: "absent", descending: true }))).toEqual(["Bohr", "Abel", "Debye", "Curie"]);
  expect(names(select(all, "b", undefined, { column: "ref", descending: false }))).toEqual(["Debye", "Bohr", "Abel"]);
});

test("weeks begin on Mondays and add their sessions up", () => {
  const at = (day: string, points: number, of: number): TermSession => ({
    id: points,
    title: "",
    starts: new Date(`${day}T10:15`).getTime(),
    status: "closed",
    counts: [0, 0, 0, 0, 0],
    points,
    of,
    counted: of,
    there: points,
    percent: null,
  });
  const got = weeks([at("2026-11-01", 3, 4), at("2026-11-02", 1, 3), at("2026-11-08", 1, 3), at("2026-11-17", 0, 0)]);
  const monday = (day: string) => new Date(`${day}T00:00`).getTime();
  expect(got).toEqual([
    { starts: monday("2026-10-26"), sessions: 1, percent: 75 },
    { starts: monday("2026-11-02"), sessions: 2, percent: 33.3 },
    { starts: monday("2026-11-16"), sessions: 1, percent: null },
  ]);
});

test("nothing that counts is no percentage", () => {
  expect(percentWords({ percent: null })).toBe("–");
  expect(percentWords({ percent: 50 })).toBe("50 %");
});
