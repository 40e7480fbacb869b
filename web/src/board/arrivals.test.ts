import { expect, test } from "vitest";
import { axis, curve, describe } from "./arrivals";

const opened = 1_732_390_000_000;
const after = (...seconds: number[]) => seconds.map((s) => opened + s * 1000);

test("the curve climbs by one for each arrival and goes on to now", () => {
  expect(curve(after(65, 3, 10), opened, opened + 90_000)).toEqual([
    [0, 0],
    [3, 1],
    [10, 2],
    [65, 3],
    [90, 3],
  ]);
});

test("arrivals in one second make one step", () => {
  expect(curve(after(5, 5.2, 5.9), opened, opened + 5000)).toEqual([
    [0, 0],
    [5, 3],
  ]);
});

test("who was marked before the opening, or by a clock that is behind, stands at its start", () => {
  expect(curve(after(-20, -10, 4), opened, opened + 4000)).toEqual([
    [0, 2],
    [4, 3],
  ]);
});

test("a session without arrivals has a flat curve", () => {
  expect(curve([], opened, opened + 3000)).toEqual([
    [0, 0],
    [3, 0],
  ]);
});

test("the axis ends at a round time", () => {
  expect([5, 121, 700, 5400, 90_000].map(axis)).toEqual([120, 300, 900, 5400, 93_600]);
});

test("the curve is told in a sentence", () => {
  const c = curve(after(10, 20, 100, 110), opened, opened + 600_000);
  expect(describe(c, 5)).toBe("4 of 5 have arrived: half of them within a minute, nine in ten within 2 minutes of the opening.");
  expect(describe(curve([], opened, opened), 5)).toBe("Nobody has arrived yet.");
});
