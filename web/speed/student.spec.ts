// A student scans the code on a slow line with a slow phone: when the page is painted,
// when a tap on its button does something, when the answer is there, and what it took.

import type { BrowserContext, Page } from "@playwright/test";
import { codesNow, enter, expect, startSession, test } from "../e2e/test";
import { SlowLine, type Profile } from "./line";
import { median, table } from "./report";

const slowdown = 4;
const runs = Number(process.env.RUNS || 3);

interface Case {
  name: string;
  line: Profile;
  /** What Chromium adds to each request instead, as its developer tools do. */
  byRequest?: { latency: number; rate: number };
}

const none: Profile = { roundTrip: 0, rate: 1e6, toConnect: 0 };
const cases: Case[] = [
  { name: "slow 3G, HTTP", line: { roundTrip: 400, rate: 400, toConnect: 1 } },
  { name: "slow 3G, HTTPS", line: { roundTrip: 400, rate: 400, toConnect: 2 } },
  { name: "slow 3G, connected already", line: { roundTrip: 400, rate: 400, toConnect: 0 } },
  { name: "Chromium's own “slow 3G”", line: none, byRequest: { latency: 2000, rate: 400 } },
  { name: "fast line", line: none },
];

/** What the page notes, in ms since 1970. */
type Notes = Partial<Record<"began" | "painted" | "shown" | "acted" | "answered" | "live", number>>;

/** Runs in the page: notes when things happen, and tells the test where to tap. */
function watch() {
  const told = new Set<string>();
  const note = (what: string, at = performance.now(), x = 0, y = 0) => {
    if (told.has(what)) return;
    told.add(what);
    void (window as unknown as { note(...a: unknown[]): void }).note(what, performance.timeOrigin + at, x, y);
  };
  note("began", 0);
  new PerformanceObserver((list) => {
    for (const e of list.getEntries()) if (e.name === "first-contentful-paint") note("painted", e.startTime);
  }).observe({ type: "paint", buffered: true });
  addEventListener("submit", () => note("acted"), true);
  const look = () => {
    const text = document.body?.innerText ?? "";
    const button = [...document.querySelectorAll("button")].find((b) => b.textContent?.includes("I'm here"));
    if (button) {
      requestAnimationFrame(() => {
        const { left, top, width, height } = button.getBoundingClientRect();
        note("shown", performance.now(), left + width / 2, top + height / 2);
      });
    }
    if (told.has("shown") && !button && text !== "") note("acted");
    if (text.includes("You're present")) note("answered");
    if (/^Live$/m.test(text)) note("live");
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

async function throttle(page: Page, c: Case): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
  if (!c.byRequest) return;
  const throughput = (c.byRequest.rate * 1000) / 8;
  const { latency } = c.byRequest;
  await devtools.send("Network.enable");
  await devtools.send("Network.emulateNetworkConditions", {
    offline: false,
    latency,
    downloadThroughput: throughput,
    uploadThroughput: throughput,
  });
}

const rows: (string | number)[][] = [];

for (const c of cases) {
  test(c.name, async ({ browser, program, course, visit }) => {
    const board = await visit();
    await enter(board, course.teacher);
    const session = await startSession(board);
    const line = await SlowLine.to(program.url, none);
    const student = await visit({ phone: true });
    await enter(student, course.students[0]!);
    const { id } = (await (await student.request.get("/api/v1/me")).json()) as { id: number };
    const storageState = await student.context().storageState();
    for (const cookie of storageState.cookies) cookie.domain = "muster.test";

    /** Scans once, and taps as soon as there is a button, or once the page is in step. */
    async function scan(context: BrowserContext, how: Case, patient: boolean): Promise<Notes & { bytes: number }> {
      const unmark = { t: "mark", id: `u${Date.now()}`, marks: [[id, "unset"]] };
      expect((await board.request.post(`/api/v1/sessions/${session}/commands`, { data: unmark })).ok()).toBe(true);
      line.reset(how.line);
      const page = await context.newPage();
      const notes: Notes = {};
      await page.exposeFunction("note", (what: keyof Notes, at: number, x: number, y: number) => {
        notes[what] ??= at;
        if (what === "shown" && !patient) void page.touchscreen.tap(x, y);
      });
      await page.addInitScript(watch);
      await throttle(page, how);
      const { qr } = await codesNow(board, session);
      await page.goto(`${line.url}/C/${session}/${qr}`, { waitUntil: "commit" });
      await expect.poll(() => notes[patient ? "live" : "answered"], { timeout: 60_000, intervals: [50] }).toBeDefined();
      const bytes = line.bytes.down;
      await page.close();
      return { ...notes, bytes };
    }

    for (const kind of ["first", "returning"] as const) {
      const at: Record<"painted" | "acted" | "answered" | "live" | "bytes", number[]> = {
        painted: [],
        acted: [],
        answered: [],
        live: [],
        bytes: [],
      };
      for (let run = 0; run < runs; run++) {
        for (const patient of [false, true]) {
          const context = await browser.newContext({ storageState, viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
          if (kind === "returning") await scan(context, { ...c, line: none, byRequest: undefined }, true);
          const { began = 0, painted = 0, acted = 0, answered = 0, live = 0, bytes } = await scan(context, c, patient);
          await context.close();
          if (patient) {
            at.live.push(live - began);
            at.bytes.push(bytes);
          } else {
            at.painted.push(painted - began);
            at.acted.push(acted - began);
            at.answered.push(answered - began);
          }
        }
      }
      const seconds = (all: number[]) => (median(all) / 1000).toFixed(2);
      rows.push([
        c.name,
        kind,
        seconds(at.painted),
        seconds(at.acted),
        seconds(at.answered),
        seconds(at.live),
        (median(at.bytes) / 1000).toFixed(1),
      ]);
    }
    await line.close();
  });
}

test.afterAll(() =>
  table(
    [
      "line",
      "visit",
      "painted (s)",
      "a tap acts (s)",
      "tapped at once: “You're present” (s)",
      "in step, live (s)",
      "kB received until then",
    ],
    rows,
  ),
);
