import { expect, test } from "vitest";
import type { JobProgress } from "./api";
import { howLong, line, share } from "./words";

const at = (p: Partial<JobProgress>): JobProgress => ({ doing: "", unit: "rows", done: 0, total: 0, rate: 0, ...p });

test("a line says what is done, how fast, and how long it will take", () => {
  expect(line(at({ doing: "writing rows", done: 12000, total: 60000, rate: 4000.4, left_ms: 12000 }))).toMatch(
    /^Writing rows: 12.000 of 60.000, 4.000 a second, 12 s left$/,
  );
  expect(line(at({ doing: "reading the files", unit: "bytes", done: 2_500_000, total: 10_000_000 }))).toMatch(
    /^Reading the files: 2.5 MB of 10.0 MB$/,
  );
  expect(line(at({ doing: "comparing" }))).toBe("Comparing…");
  expect(line(at({}))).toBe("Beginning…");
});

test("how much is done is only said where that is known", () => {
  expect(share(at({ done: 5 }))).toBeUndefined();
  expect(share(at({ done: 5, total: 10 }))).toBe(0.5);
  expect(share(at({ done: 15, total: 10 }))).toBe(1);
});

test("times are told as people tell them", () => {
  expect([0, 1400, 59_600, 130_000, 3_900_000].map(howLong)).toEqual(["0 s", "1 s", "1 min 0 s", "2 min 10 s", "1 h 5 min"]);
});
