import { describe, expect, test } from "vitest";
import type { BoardEvent, BoardSnapshot } from "../live/messages";
import { Roll } from "./roll.svelte";
import { marked, opened, snapshot } from "./testroom";

const shown = (roll: Roll) => roll.students.map((s) => `${s.family} ${s.mark}${s.connected ? " on" : ""}`);

function rollOf(change?: Partial<BoardSnapshot>): Roll {
  const roll = new Roll();
  roll.show(snapshot(change));
  return roll;
}

describe("the roll", () => {
  test("is what the snapshot says", () => {
    const roll = rollOf();
    expect(shown(roll)).toEqual(["Hopper unset", "Lovelace present on", "Noether unset on"]);
    expect(roll.counts).toEqual([1, 0, 0, 0, 2]);
    expect(roll.connected).toBe(2);
    expect(roll.students[0]?.name).toBe("Hopper, Grace");
  });

  test("follows events, and counts along", () => {
    const roll = rollOf();
    roll.change({ t: "delta", from: 6, to: 7, events: [marked(6, 1, "late"), marked(7, 2, "unset", "hand")] });
    expect(shown(roll)).toEqual(["Hopper late", "Lovelace unset on", "Noether unset on"]);
    expect(roll.counts).toEqual([0, 1, 0, 0, 2]);
    expect(roll.seq).toBe(7);
  });

  test("takes each event once", () => {
    const roll = rollOf();
    const delta = { t: "delta" as const, from: 6, to: 6, events: [marked(6, 1, "present")] };
    expect(roll.change(delta).length).toBe(1);
    expect(roll.change(delta).length).toBe(0);
    expect(roll.counts).toEqual([2, 0, 0, 0, 1]);
  });

  test("says who has checked in, not who is marked by hand", () => {
    const roll = rollOf();
    const arrived = roll.change({ t: "delta", from: 6, to: 7, events: [marked(6, 1, "present"), marked(7, 3, "present", "hand")] });
    expect(arrived.map((s) => s.id)).toEqual([1]);
  });

  test("takes over a newer snapshot", () => {
    const roll = rollOf();
    roll.show(snapshot({ seq: 9, marks: [[1, "present", opened + 9000, "code", 1, ""]] }));
    expect(roll.counts).toEqual([1, 0, 0, 0, 2]);
  });

  test("opens, closes and reopens", () => {
    const roll = rollOf({ status: "scheduled", opened: 0, seq: 0, marks: [], counts: [0, 0, 0, 0, 3] });
    const event = (seq: number, kind: "open" | "close" | "reopen"): BoardEvent => [seq, opened + seq, kind, 0, "", "hand", 9, ""];
    roll.change({ t: "delta", from: 1, to: 1, events: [event(1, "open")] });
    expect([roll.status, roll.opened]).toEqual(["open", opened + 1]);
    roll.change({ t: "delta", from: 2, to: 5, events: [event(2, "close"), marked(3, 1, "absent", "rule")] });
    expect([roll.status, roll.closed, roll.counts]).toEqual(["closed", opened + 2, [0, 0, 1, 0, 2]]);
    roll.change({ t: "delta", from: 6, to: 7, events: [event(6, "reopen"), marked(7, 1, "unset", "rule")] });
    expect([roll.status, roll.closed, roll.opened, roll.counts]).toEqual(["open", 0, opened + 1, [0, 0, 0, 0, 3]]);
  });

  test("keeps its students when the roster changes, but for those who changed", () => {
    const roll = rollOf();
    const [grace, ada] = roll.students;
    roll.show(
      snapshot({
        roster: 4,
        people: [
          [1, "Hopper", "Grace", "s-1"],
          [2, "King", "Ada", "s-2"],
        ],
      }),
    );
    expect(roll.students[0]).toBe(grace);
    expect(roll.students[1]).not.toBe(ada);
    expect(shown(roll)).toEqual(["Hopper unset", "King present on"]);
    expect(roll.student(3)).toBeUndefined();
  });

  test("follows who is connected", () => {
    const roll = rollOf();
    roll.attend({ t: "presence", on: [1], off: [3, 99] });
    expect(shown(roll)).toEqual(["Hopper unset on", "Lovelace present on", "Noether unset"]);
    roll.attend({ t: "presence", all: [3] });
    expect(roll.students.filter((s) => s.connected).map((s) => s.id)).toEqual([3]);
    expect(roll.connected).toBe(1);
  });

  test("says when it has come to an event", () => {
    const roll = rollOf();
    const seen: number[] = [];
    for (const seq of [5, 6, 7]) roll.once(seq, () => seen.push(seq));
    expect(seen).toEqual([5]);
    roll.change({ t: "delta", from: 6, to: 6, events: [marked(6, 1, "present")] });
    expect(seen).toEqual([5, 6]);
    roll.show(snapshot({ seq: 8 }));
    expect(seen).toEqual([5, 6, 7]);
  });
});
