import { expect, test } from "vitest";
import { layOut } from "./density";

// What is left for the tiles of a window on a small laptop, and of one on a large screen.
const laptop = { width: 1342, height: 470, gap: 3, touch: false };
const desktop = { width: 1896, height: 900, gap: 3, touch: false };
const phone = { width: 374, height: 480, gap: 4, touch: true };

test("300 students fit on a laptop's screen in letters one can read", () => {
  const tiles = layOut(300, laptop);
  expect(tiles.fits).toBe(true);
  expect(tiles.font).toBeGreaterThanOrEqual(11.5);
  const rows = Math.ceil(300 / tiles.columns);
  expect(rows * tiles.height + (rows - 1) * laptop.gap).toBeLessThanOrEqual(laptop.height);
});

test("a smaller class gets larger tiles", () => {
  const sizes = [300, 120, 30].map((n) => layOut(n, laptop).font);
  expect(sizes).toEqual([...sizes].sort((a, b) => a - b));
  expect(sizes[2]).toBeGreaterThan(sizes[0] as number);
});

test("a small class has room for whole given names", () => {
  expect(layOut(30, laptop).roomy).toBe(true);
  expect(layOut(30, laptop).columns).toBeGreaterThanOrEqual(5);
  expect(layOut(300, laptop).roomy).toBe(false);
});

test("a larger screen gets larger tiles", () => {
  expect(layOut(300, desktop).font).toBeGreaterThan(layOut(300, laptop).font);
});

test("1000 students scroll, still in letters one can read", () => {
  const tiles = layOut(1000, laptop);
  expect(tiles.fits).toBe(false);
  expect(tiles.font).toBeGreaterThanOrEqual(12);
});

test("tiles on a phone are as large as a finger", () => {
  for (const n of [1, 30, 300]) expect(layOut(n, phone).height).toBeGreaterThanOrEqual(44);
  expect(layOut(300, phone).columns).toBeGreaterThanOrEqual(2);
});

test("an empty class and a window of no size are laid out too", () => {
  expect(layOut(0, laptop).columns).toBe(1);
  expect(layOut(30, { ...laptop, width: 0, height: 0 }).columns).toBe(1);
});
