import { expect, test } from "vitest";
import { formatTSV, letterOf, markFor, parseTSV } from "./sheet";
import { moved, rectangle, single } from "./range";
import { percent, share } from "./score";
import { choiceFor, choiceOf, use, wordOf, type Marking } from "../ui/marks";

const all = (...marks: Marking["mark"][]): Marking[] => marks.map((mark) => ({ mark }));

test("marks are read by letter and by word, in any case", () => {
  expect(["P", "late", " Absent ", "e", "", "Not marked", "✓", "x", "pp"].map((text) => markFor(text)?.mark)).toEqual([
    "present",
    "late",
    "absent",
    "excused",
    "unset",
    "unset",
    "present",
    undefined,
    undefined,
  ]);
});

test("a block of a spreadsheet is read as it was, quotes and line ends of any kind", () => {
  expect(parseTSV("P\tL\r\nA\t\r\n")).toEqual([
    ["P", "L"],
    ["A", ""],
  ]);
  expect(parseTSV('"a ""b""\nc"\tP')).toEqual([['a "b"\nc', "P"]]);
  expect(parseTSV("P")).toEqual([["P"]]);
  const block = [
    ["P", "", "E"],
    ["", "", ""],
    ["A", "L", "P"],
  ];
  expect(parseTSV(formatTSV(block))).toEqual(block);
});

const size = { rows: 300, columns: 28 };
const key = (name: string, held: Partial<Record<"ctrlKey" | "shiftKey", boolean>> = {}) => ({
  key: name,
  ctrlKey: false,
  metaKey: false,
  shiftKey: false,
  altKey: false,
  ...held,
});
const at = (row: number, column: number) => ({ row, column });

test("the keys of a spreadsheet move and stretch the selection, and stay within the grid", () => {
  const from = single(at(5, 3));
  expect(moved(from, key("ArrowDown"), size, 20)).toEqual(single(at(6, 3)));
  expect(moved(single(at(0, 0)), key("ArrowUp"), size, 20)).toEqual(single(at(0, 0)));
  expect(moved(from, key("ArrowRight", { ctrlKey: true }), size, 20)).toEqual(single(at(5, 27)));
  expect(moved(from, key("End", { shiftKey: true }), size, 20)).toEqual({ anchor: at(5, 3), active: at(5, 27) });
  expect(moved(from, key("PageDown", { shiftKey: true }), size, 20)).toEqual({ anchor: at(5, 3), active: at(25, 3) });
  expect(moved(from, key("Home", { ctrlKey: true }), size, 20)).toEqual(single(at(0, 0)));
  expect(rectangle(moved(from, key("a", { ctrlKey: true }), size, 20)!)).toEqual({ top: 0, left: 0, bottom: 299, right: 27 });
  expect(moved(from, key("Enter"), size, 20)).toEqual(single(at(6, 3)));
  expect(moved(from, key(" ", { ctrlKey: true }), size, 20)).toEqual({ anchor: at(0, 3), active: at(299, 3) });
  expect(moved(from, key("p"), size, 20)).toBeUndefined();
});

test("late is there, excused does not count", () => {
  expect(share(all("present", "late", "absent", "excused", "unset", "present"))).toBe(0.75);
  expect(percent(share(all("excused")))).toBe("");
  expect(percent(2 / 3)).toBe("67 %");
});

test("marks are read, written and counted as the institution has it", () => {
  use([
    { mark: "absent", name: "Fehlt", letter: "f", points: 0, counts: "away" },
    { mark: "excused", name: "Attest", letter: "A", points: 0, counts: "away" },
  ]);
  expect(["f", "a", "Attest", "absent", "p"].map((text) => markFor(text)?.mark)).toEqual([
    "absent",
    "excused",
    "excused",
    "absent",
    "present",
  ]);
  expect(letterOf({ mark: "absent" })).toBe("F");
  expect(share(all("present", "excused"))).toBe(0.5);
  use([
    { mark: "absent", name: "Absent", letter: "A", points: 0, counts: "away" },
    { mark: "excused", name: "Excused", letter: "E", points: 0, counts: "out" },
  ]);
});

test("statuses beside the marks are read, written and counted as themselves, and are their mark where the course has none", () => {
  const early: Marking = { mark: "late", status: "left_early" };
  expect([wordOf(early), letterOf(early), share([early])]).toEqual(["Late", "L", 1]);
  use([{ mark: "late", key: "left_early", name: "Left early", letter: "x", points: 0.5, counts: "away" }]);
  expect([wordOf(early), letterOf(early), share([early, { mark: "late" }])]).toEqual(["Left early", "X", 0.5]);
  expect(["x", "left EARLY", "L"].map(markFor)).toEqual([choiceOf(early), choiceOf(early), choiceOf({ mark: "late" })]);
  expect(choiceFor("x")).toMatchObject(early);
  use([]);
});
