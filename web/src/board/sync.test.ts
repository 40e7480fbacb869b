import { expect, test } from "vitest";
import { SyncTimes } from "./sync.svelte";

test("the median and the 95th percentile are of the newest changes", () => {
  const sync = new SyncTimes();
  for (let i = 0; i < 50; i++) sync.add(5000);
  for (let i = 1; i <= 200; i++) sync.add(i);
  sync.sum();
  expect([sync.median, sync.p95, sync.count]).toEqual([100, 190, 200]);
});

test("before the first change there is nothing to say", () => {
  const sync = new SyncTimes();
  sync.sum();
  expect([sync.median, sync.p95, sync.count]).toEqual([undefined, undefined, 0]);
});

test("one change is its own median, and none is younger than nothing", () => {
  const sync = new SyncTimes();
  sync.add(-3);
  sync.sum();
  expect([sync.median, sync.p95]).toEqual([0, 0]);
});
