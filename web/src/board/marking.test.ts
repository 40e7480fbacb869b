import { describe, expect, test } from "vitest";
import type { Mark } from "../live/messages";
import { Marking } from "./marking.svelte";
import { Roll, type Student } from "./roll.svelte";
import { marked, snapshot } from "./testroom";

/** A room with a server whose answers are given by hand. */
function room() {
  const roll = new Roll();
  roll.show(snapshot());
  const sent: { pairs: [number, Mark, string?][]; note: string; ack(to: number): void; refuse(why: string): void }[] = [];
  const marking = new Marking(roll, {
    mark: (pairs, note) =>
      new Promise((resolve, reject) => {
        sent.push({ pairs, note, ack: (to) => resolve({ to }), refuse: (why) => reject(new Error(why)) });
      }),
  });
  const [grace, ada, emmy] = roll.students as [Student, Student, Student];
  /** The server commits the last command by this delta, and says so. */
  const commit = async () => {
    const last = sent.at(-1)!;
    const from = roll.seq + 1;
    const events = last.pairs.map(([person, mark], i) => marked(from + i, person, mark, "hand", last.note));
    roll.change({ t: "delta", from, to: roll.seq + events.length, events });
    last.ack(roll.seq);
    await Promise.resolve();
  };
  return { roll, marking, sent, grace, ada, emmy, commit };
}

describe("setting a mark", () => {
  test("shows it at once and counts it when it is committed", async () => {
    const { roll, marking, grace, commit } = room();
    expect(marking.set([grace], "excused", "team away")).toBe(1);
    expect([grace.mark, grace.note, grace.entry.mark, marking.waiting]).toEqual(["excused", "team away", "unset", 1]);
    expect(roll.counts).toEqual([1, 0, 0, 0, 2]);
    await commit();
    expect([grace.entry.mark, grace.entry.note, grace.asked, marking.waiting]).toEqual(["excused", "team away", undefined, 0]);
    expect(roll.counts).toEqual([1, 0, 0, 1, 1]);
  });

  test("does not fall back between the answer and the event", async () => {
    const { roll, marking, sent, grace } = room();
    marking.set([grace], "late");
    sent[0]!.ack(6);
    await Promise.resolve();
    expect(grace.mark).toBe("late");
    roll.change({ t: "delta", from: 6, to: 6, events: [marked(6, 1, "late", "hand")] });
    expect([grace.mark, grace.asked]).toEqual(["late", undefined]);
  });

  test("asks for nothing that is so already", () => {
    const { marking, sent, ada } = room();
    expect(marking.set([ada], "present")).toBe(0);
    expect(sent).toEqual([]);
    expect(marking.canUndo).toBe(false);
  });

  test("splits a whole school into commands the server takes", () => {
    const roll = new Roll();
    roll.show(snapshot({ people: Array.from({ length: 2300 }, (_, i) => [i + 1, `F${i}`, "G", ""]), marks: [] }));
    const sizes: number[] = [];
    const marking = new Marking(roll, { mark: (pairs) => (sizes.push(pairs.length), new Promise(() => {})) });
    marking.set(roll.students, "present");
    expect(sizes).toEqual([1000, 1000, 300]);
  });
});

describe("a refusal", () => {
  test("takes the mark back, says why, and can be tried again", async () => {
    const { marking, sent, grace, commit } = room();
    marking.set([grace], "present");
    sent[0]!.refuse("The disk is full.");
    await Promise.resolve();
    await Promise.resolve();
    expect([grace.mark, marking.waiting, marking.canUndo]).toEqual(["unset", 0, false]);
    const refusal = marking.refusals[0]!;
    expect([refusal.reason, refusal.students, refusal.wish.mark]).toEqual(["The disk is full.", [grace], "present"]);
    marking.retry(refusal);
    expect([marking.refusals.length, sent.length]).toEqual([0, 2]);
    await commit();
    expect(grace.entry.mark).toBe("present");
  });
});

describe("undo", () => {
  test("gives back the marks and notes of before, each group in one command", async () => {
    const { marking, sent, grace, ada, emmy, commit } = room();
    marking.set([emmy], "excused", "ill");
    await commit();
    marking.set([grace, ada, emmy], "absent");
    await commit();
    expect(marking.undo()).toEqual([grace, ada, emmy]);
    expect(sent.slice(2).map(({ pairs, note }) => ({ pairs, note }))).toEqual([
      { pairs: [[1, "unset"]], note: "" },
      { pairs: [[2, "present"]], note: "" },
      { pairs: [[3, "excused"]], note: "ill" },
    ]);
  });

  test("leaves alone whoever has changed since", async () => {
    const { roll, marking, sent, grace, emmy, commit } = room();
    marking.set([grace, emmy], "excused");
    await commit();
    roll.change({ t: "delta", from: 8, to: 8, events: [marked(8, 1, "present")] }); // came after all
    expect(marking.undo()).toEqual([emmy]);
    expect(sent.at(-1)!.pairs).toEqual([[3, "unset"]]);
  });

  test("works on marks that are not confirmed yet", () => {
    const { marking, grace } = room();
    marking.set([grace], "late");
    marking.undo();
    expect(grace.mark).toBe("unset");
    expect(marking.undo()).toBeUndefined();
  });
});
