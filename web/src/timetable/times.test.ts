import { expect, test } from "vitest";
import { minutesOf, monday, weekOfTerm, ZoneTimes } from "./times";

test("times are the institution's, also when summer time ends", () => {
  const berlin = new ZoneTimes("Europe/Berlin");
  expect(berlin.span(Date.UTC(2026, 9, 19, 8, 15), Date.UTC(2026, 9, 19, 9, 45))).toBe("10:15–11:45");
  expect(berlin.span(Date.UTC(2026, 9, 26, 9, 15), 0)).toBe("10:15");
  expect(berlin.iso(Date.UTC(2026, 9, 26, 23, 30))).toBe("2026-10-27");
  expect(new ZoneTimes("No/Such").clock(Date.UTC(2026, 9, 26, 9, 15))).toBe("09:15");
});

test("weeks begin on Mondays and are counted from the term's first", () => {
  expect(monday("2026-10-12")).toBe("2026-10-12");
  expect(monday("2026-10-18")).toBe("2026-10-12");
  expect(weekOfTerm("2026-10-12", "2026-10-14")).toBe(1);
  expect(weekOfTerm("2026-10-19", "2026-10-17")).toBe(1); // a Saturday
  expect(weekOfTerm("2027-01-11", "2026-10-12")).toBe(14);
  expect(weekOfTerm("2026-10-05", "2026-10-12")).toBe(0);
  expect(weekOfTerm("2026-10-05", "")).toBe(0);
});

test("a time of day in minutes", () => {
  expect(minutesOf("10:15")).toBe(615);
  expect(minutesOf("")).toBeUndefined();
});
