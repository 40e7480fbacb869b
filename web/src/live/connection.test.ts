import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem, offline } from "../api";
import { after, delta, error, phone, snapshot } from "./testline";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** A browser's window and document, as far as the client listens to them. */
function page() {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("window", window);
  vi.stubGlobal("document", document);
  return { online: () => window.dispatchEvent(new Event("online")), shown: () => document.dispatchEvent(new Event("visibilitychange")) };
}

describe("a line that does not come up", () => {
  test("is given up after eight seconds, though it neither opens nor closes", async () => {
    const { lines } = phone();
    await after(7900);
    expect(lines[0]!.hungUp).toBe(false);
    await after(1000);
    expect(lines[0]!.hungUp).toBe(true);
    expect(lines.length).toBe(2);
  });

  test("is tried again, though nobody can say why it did not", async () => {
    const { lines } = phone({ probe: () => new Promise(() => {}) });
    lines[0]!.breaks();
    await after(10_000);
    expect(lines.length).toBe(2);
  });

  test("is tried again when the network is back, whatever is found out later about the time before", async () => {
    const { online } = page();
    let found = (_: unknown) => {};
    const { client, lines } = phone({ probe: () => new Promise((_, reject) => (found = reject)) });
    lines[0]!.breaks();
    online();
    lines[1]!.says(snapshot());
    found(new Problem(0, offline, ""));
    await after(1000);
    expect([client.status, lines[1]!.hungUp]).toEqual(["live", false]);
  });

  test("is followed by the next kind, and that by the last, where the server is there", async () => {
    const { lines } = phone();
    for (let i = 0; i < 6; i++) {
      lines.at(-1)!.breaks();
      await after(5000);
    }
    expect(lines.map((line) => line.kind)).toEqual([0, 0, 1, 1, 2, 2, 2]);
  });

  test("is tried as it is, while the server cannot be reached", async () => {
    const { lines, said } = phone({ probe: () => Promise.reject(new Problem(0, offline, "")) });
    for (let i = 0; i < 5; i++) {
      lines.at(-1)!.breaks();
      await after(10_000);
    }
    expect(lines.every((line) => line.kind === 0)).toBe(true);
    expect(said).toEqual(["offline"]);
  });
});

describe("when the server sends us away", () => {
  test.each(["busy", "too_many", "internal", "storage"])("with %s, we come back when it said", async (code) => {
    const { lines, said } = phone();
    lines[0]!.says(error(code, 500));
    await after(499);
    expect(lines.length).toBe(1);
    await after(1);
    expect(lines.length).toBe(2);
    expect(said).toEqual([]);
  });

  test.each(["not_enrolled", "forbidden", "unknown_session", "not_signed_in", "bad_message"])(
    "with %s, we say so and stay away",
    async (code) => {
      const { lines, said } = phone();
      lines[0]!.says(error(code));
      await after(120_000);
      expect([said, lines.length]).toEqual([[`refused ${code}`], 1]);
    },
  );

  test.each([
    [1002, "bad_message"],
    [1003, "bad_message"],
    [1007, "bad_message"],
    [1009, "bad_message"],
    [4001, "not_signed_in"],
    [4003, "forbidden"],
  ])("with close code %i, we say so and stay away", async (code, reason) => {
    const { line, lines, said } = phone();
    line().says(snapshot());
    line().breaks(code);
    await after(120_000);
    expect([said.at(-1), lines.length]).toEqual([`refused ${reason}`, 1]);
  });

  test("for a while, neither time nor a look at the page is reason to come earlier, but a new network is", async () => {
    const { online, shown } = page();
    const { line, lines } = phone();
    line().says(snapshot(), { t: "bye", reason: "stopping", retry_ms: 5000 });
    await after(4000);
    shown();
    expect(lines.length).toBe(1);
    online();
    expect(lines.length).toBe(2);
  });
});

describe("waits", () => {
  test("grow while lines drop as soon as they are up, and begin small after one that held", async () => {
    const { line, lines } = phone();
    for (let i = 0; i < 6; i++) {
      line().says(snapshot());
      line().breaks(1011);
      await after(10_000 / 2);
    }
    const many = lines.length;
    line().says(snapshot());
    line().breaks(1011);
    await after(1000);
    expect(lines.length).toBe(many); // 250 ms × 2^6, halved, is far more than a second
    await after(10_000);
    line().says(snapshot());
    await after(5000);
    line().breaks(1011);
    await after(125);
    expect(lines.length).toBe(many + 2);
  });

  test.each([0, 0.25, 0.999])("are a random part (%d) of 250 ms, then of twice that, and never over 10 s", async (part) => {
    const { line, lines } = phone({ random: () => part });
    for (let most = 250; most < 100_000; most *= 2) {
      line().says(snapshot());
      line().breaks();
      const [before, since] = [lines.length, Date.now()];
      while (lines.length === before) await vi.advanceTimersToNextTimerAsync();
      expect(Math.abs(Date.now() - since - part * Math.min(10_000, most))).toBeLessThanOrEqual(1);
    }
  });
});

describe("over a slow line", () => {
  async function slowPhone() {
    const it = phone();
    for (let i = 0; i < 2; i++) {
      it.line().breaks();
      await after(1000);
    }
    it.line().says(snapshot(3));
    return it;
  }

  test("we are in step, and stay so while a better one is tried in vain", async () => {
    const { client, lines } = await slowPhone();
    const slow = lines[2]!;
    await after(60_000);
    expect(lines[3]!.kind).toBe(0);
    lines[3]!.breaks();
    slow.says(delta(4));
    expect([client.status, slow.hungUp]).toEqual(["slow", false]);
    await after(60_000);
    expect(lines.length).toBe(5);
  });

  test("we change to the better one once that is in step, and miss and repeat nothing", async () => {
    const { client, lines, said } = await slowPhone();
    await after(60_000);
    const [slow, better] = lines.slice(2) as [(typeof lines)[0], (typeof lines)[0]];
    expect(better.resume.seq).toBe(3);
    slow.says(delta(4, 6));
    better.says(delta(4, 5), delta(6, 7));
    expect([client.status, slow.hungUp]).toEqual(["live", true]);
    expect(said.slice(-3)).toEqual(["delta 4-6", "live", "delta 6-7"]);
  });
});
