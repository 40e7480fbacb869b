import { expect, test } from "vitest";
import type { FoundLine } from "./api";
import { decide, people } from "./lines";
import { from, until } from "./days";

const ada = { id: 1, family: "Lovelace", given: "Ada", ref: "" };
const anna = { id: 8, family: "Schneider", given: "Anna", ref: "" };
const antonia = { id: 9, family: "Schneider", given: "Antonia", ref: "" };
const line = (text: string, how: FoundLine["how"], ...who: FoundLine["people"]): FoundLine => ({
  line: 1,
  text,
  how,
  sure: who.length === 1 && (how === "id" || how === "name"),
  again: 0,
  people: who,
});

const found = [line("s1", "id", ada), line("Ada L.", "part", ada), line("A. Schneider", "part", anna, antonia), line("Nobody", "unknown")];

test("only what is sure is settled by itself", () => {
  expect(decide(found, new Map()).map((l) => l.settled)).toEqual([true, false, false, false]);
});

test("a guess is confirmed, one of several is chosen, and what is unknown is left out on purpose", () => {
  const lines = decide(
    found,
    new Map<string, number | "out">([
      ["Ada L.", 1],
      ["A. Schneider", 9],
      ["Nobody", "out"],
    ]),
  );
  expect(lines.every((l) => l.settled)).toBe(true);
  expect(people(lines)).toEqual([ada, antonia]);
});

test("a choice of somebody who is no longer among the candidates does not count", () => {
  expect(decide(found, new Map([["A. Schneider", 7]]))[2]!.settled).toBe(false);
});

test("what is sure can be left out too", () => {
  expect(people(decide(found, new Map([["s1", "out"]])))).toEqual([]);
});

test("days are whole, and the last one is part of it", () => {
  const hour = 3_600_000;
  expect(until("2026-11-07", "") - from("2026-11-03", "")).toBe(5 * 24 * hour);
  expect(until("2026-11-03", "12:00") - from("2026-11-03", "09:30")).toBe(2.5 * hour);
  expect(from("", "")).toBeNaN();
});
