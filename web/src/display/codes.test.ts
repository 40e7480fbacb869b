import { expect, test } from "vitest";
import { CodeBook } from "./codes";

const sheet = (start: number, ...names: string[]) => ({
  start,
  step: 5000,
  codes: names.map((n): [string, string] => [n, n]),
});

test("each code is shown exactly while it is valid", () => {
  const book = new CodeBook();
  book.add(sheet(10_000, "A", "B"));
  expect(book.at(9_999)).toBeUndefined();
  expect(book.at(10_000)?.qr).toBe("A");
  expect(book.at(14_999)?.qr).toBe("A");
  expect(book.at(15_000)?.qr).toBe("B");
});

test("a display that lost its line shows no code that has run out", () => {
  const book = new CodeBook();
  book.add(sheet(10_000, "A", "B"));
  expect(book.at(20_000)).toBeUndefined();
  book.add(sheet(25_000, "D", "E"));
  expect(book.at(26_000)?.qr).toBe("D");
});

test("new rules replace the codes of the old ones", () => {
  const book = new CodeBook();
  book.add(sheet(10_000, "A", "B"));
  book.add({ start: 10_000, step: 30_000, codes: [["X", "X"]] });
  expect(book.at(12_000)?.qr).toBe("X");
});
