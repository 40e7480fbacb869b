import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../api";
import type { Answer, Server } from "./api";
import { CardQueue, isDead, type Store, type Told } from "./queue.svelte";
import { strip } from "./reader";

class Door implements Server {
  sent: [card: string, waited: number][] = [];
  statuses: string[] = [];
  ids = new Set<string>();
  answer: (card: string) => Answer = (card) => ({ name: card, mark: "present", called: "Present", already: false });
  about = () => Promise.resolve({ course: "", title: "", status: "open" as const, statuses: [] });
  async card(id: string, card: string, waited: number, status: string): Promise<Answer> {
    await Promise.resolve();
    const answer = this.answer(card); // may throw
    this.sent.push([card, waited]);
    this.statuses.push(status);
    this.ids.add(id);
    return answer;
  }
}

class Memory implements Store {
  #all = new Map<string, string>();
  getItem = (key: string) => this.#all.get(key) ?? null;
  setItem = (key: string, value: string) => void this.#all.set(key, value);
}

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const offline = () => {
  throw new Problem(0, "offline", "The server cannot be reached.");
};
const settle = () => vi.advanceTimersByTimeAsync(0);

test("a burst of cards is sent one after the other, each once", async () => {
  const door = new Door();
  const told: Told[] = [];
  const queue = new CardQueue(10, door, (t) => told.push(t));
  for (const card of ["a", "b", "c", "c"]) queue.add(card); // the last one was held too long
  await settle();
  expect(door.sent.map(([card]) => card)).toEqual(["a", "b", "c"]);
  expect(door.ids.size).toBe(3);
  expect(told.map((t) => t.kind)).toEqual(["answer", "answer", "answer"]);
  expect([queue.read, queue.waiting.length]).toEqual([3, 0]);
});

test("without a line cards are kept, and say when they were read once it is back", async () => {
  const door = new Door();
  const works = door.answer;
  const told: Told[] = [];
  const store = new Memory();
  const queue = new CardQueue(10, door, (t) => told.push(t), store);
  door.answer = offline;
  queue.add("a");
  await settle();
  queue.add("b");
  await vi.advanceTimersByTimeAsync(60_000);
  expect([queue.offline, queue.waiting.length]).toEqual([true, 2]);
  expect(told.map((t) => t.kind)).toEqual(["kept", "kept"]);
  door.answer = works;
  await vi.advanceTimersByTimeAsync(10_000);
  expect(door.sent.map(([card]) => card)).toEqual(["a", "b"]);
  expect(door.sent[0]![1]).toBeGreaterThanOrEqual(60_000);
  expect([queue.offline, queue.waiting.length]).toEqual([false, 0]);
});

test("cards outlast the page being closed", async () => {
  const door = new Door();
  const store = new Memory();
  const works = door.answer;
  door.answer = offline;
  new CardQueue(10, door, () => undefined, store).add("a", "lab");
  await settle();
  door.answer = works;
  new CardQueue(10, door, () => undefined, store);
  await settle();
  expect(door.sent.map(([card]) => card)).toEqual(["a"]);
  expect(door.statuses).toEqual(["lab"]);
  expect(store.getItem("muster.kiosk.10")).toBe("[]");
});

test("a card that is refused does not hold up the others; one that had waited is not forgotten", async () => {
  const door = new Door();
  const works = door.answer;
  const queue = new CardQueue(10, door, () => undefined);
  door.answer = offline;
  queue.add("x");
  queue.add("y");
  await vi.advanceTimersByTimeAsync(6000);
  door.answer = (card) => {
    if (card === "x") throw new Problem(422, "unknown_person", "Nobody has this card.");
    return works(card);
  };
  await vi.advanceTimersByTimeAsync(4000);
  expect(door.sent.map(([card]) => card)).toEqual(["y"]);
  expect(queue.lost).toEqual([{ card: "x", why: "Nobody has this card." }]);
});

test("a link that works no more stops it, and keeps the cards", async () => {
  const door = new Door();
  const queue = new CardQueue(10, door, () => undefined);
  door.answer = () => {
    throw new Problem(401, "not_signed_in", "You are not signed in.");
  };
  queue.add("a");
  await settle();
  expect([queue.dead?.code, queue.waiting.length]).toEqual(["not_signed_in", 1]);
});

test("only what says so means that the link works no more", () => {
  const codes = ["not_signed_in", "forbidden", "unknown_session", "offline", "busy", "storage", "too_many", "internal"];
  expect(codes.filter((code) => isDead(new Problem(0, code, "")))).toEqual(["not_signed_in", "forbidden", "unknown_session"]);
});

test("what a reader types around the number is taken off", () => {
  const settings = { prefix: "%", suffix: "?" };
  expect([" %4711? ", "4711", "%?", "%47?11"].map((typed) => strip(typed, settings))).toEqual(["4711", "4711", "", "47?11"]);
});
