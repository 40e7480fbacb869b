// A board of 1,000 students, of whom 100 come in each second: whether every frame is
// drawn in time, and what the page's main thread does for it.

import { Agent, request as http } from "node:http";
import type { CDPSession } from "@playwright/test";
import { codesNow, enter, expect, startSession, test } from "../e2e/test";
import { percentile, table } from "./report";

const students = 1000;
const perSecond = 100;
const seconds = 10;

const agent = new Agent({ keepAlive: true, maxSockets: 200 });

/** A request as a phone makes it; resolves with the answer's cookie and body. */
function call(method: string, url: string, cookie: string, body?: object): Promise<{ cookie: string; text: string }> {
  return new Promise((done, failed) => {
    const text = body && JSON.stringify(body);
    const headers = { Cookie: cookie, ...(text && { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) }) };
    const q = http(url, { method, headers, agent }, (answer) => {
      let got = "";
      answer.on("data", (part) => (got += part));
      answer.on("end", () => {
        if (answer.statusCode !== 200) failed(new Error(`${url}: ${answer.statusCode} ${got}`));
        else done({ cookie: answer.headers["set-cookie"]?.[0]?.split(";")[0] ?? "", text: got });
      });
    });
    q.on("error", failed);
    q.end(text);
  });
}

/** Keeps a student connected for a while, as the phone's page does. */
function connected(url: string, cookie: string, ms: number): void {
  const q = http(url, { headers: { Cookie: cookie } }, (answer) => answer.resume());
  q.on("error", () => undefined);
  q.end();
  setTimeout(() => q.destroy(), ms);
}

/** Runs in the page: notes when each frame begins, and what is long. */
function watch() {
  const seen = { frames: [] as number[], long: [] as number[] };
  Object.assign(window, { seen });
  new PerformanceObserver((list) => list.getEntries().forEach((e) => seen.long.push(e.duration))).observe({
    type: PerformanceObserver.supportedEntryTypes.includes("long-animation-frame") ? "long-animation-frame" : "longtask",
  });
  const frame = (at: number) => {
    seen.frames.push(at);
    const number = document.querySelector("output");
    if (number) number.textContent = String(seen.frames.length);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}

/** What the main thread has done so far, in ms. */
async function work(devtools: CDPSession) {
  const { metrics } = await devtools.send("Performance.getMetrics");
  const of = (name: string) => 1000 * (metrics.find((m) => m.name === name)?.value ?? 0);
  return { all: of("TaskDuration"), script: of("ScriptDuration"), style: of("RecalcStyleDuration"), layout: of("LayoutDuration") };
}

test("a board of 1,000", async ({ browser, program, admin, visit }) => {
  const lines = Array.from({ length: students }, (_, i) => `s${i},Family${(i * 7919) % students},Given${i},student`);
  await program.import("BIG", ["ref,family,given,role", "t,Hopper,Grace,teacher", ...lines].join("\n"));
  const { courses } = (await (await admin.get("/api/v1/courses", { params: { q: "BIG" } })).json()) as { courses: { id: number }[] };
  const made = await admin.post(`/api/v1/courses/${courses[0]!.id}/join-links`);
  const { links } = (await made.json()) as { links: { family: string; url: string }[] };
  const cookies: string[] = [];
  for (const { url } of links.filter((l) => l.family !== "Hopper"))
    cookies.push((await call("POST", `${program.url}/api/v1/join/${url.split("/").pop()}`, "", {})).cookie);

  const teacher = await visit();
  await enter(teacher, { family: "Hopper", link: links.find((l) => l.family === "Hopper")!.url });
  const rows: (string | number)[][] = [];
  for (const view of ["a bare number", "Tiles", "List"]) {
    await teacher.goto("/teach");
    const session = await startSession(teacher);
    const context = await browser.newContext({
      storageState: await teacher.context().storageState(),
      baseURL: program.url,
      viewport: { width: 1440, height: 900 },
      reducedMotion: "no-preference",
    });
    const board = await context.newPage();
    if (view === "a bare number") {
      await board.setContent("<output>0</output>"); // the least that changes: what no page can be better than here
    } else {
      await board.goto(`/board/${session}`);
      await board.getByRole("button", { name: view }).click();
      await expect(board.getByText("Arrivals")).toBeVisible();
    }
    const devtools = await context.newCDPSession(board);
    await devtools.send("Performance.enable");
    await board.waitForTimeout(3000); // the browser makes its own bars for a new window

    const at = `${program.url}/api/v1/sessions/${session}`;
    const before = await work(devtools);
    await board.evaluate(watch);
    const start = Date.now();
    let code = (await codesNow(teacher, session)).digits;
    const answers: Promise<unknown>[] = [];
    for (let i = 0; i < perSecond * seconds; i++) {
      if (i % perSecond === 0) void codesNow(teacher, session).then((now) => (code = now.digits));
      const wait = start + (i * 1000) / perSecond - Date.now();
      if (wait > 0) await new Promise((over) => setTimeout(over, wait));
      connected(`${at}/live?audience=student`, cookies[i]!, 1000);
      answers.push(call("POST", `${at}/commands`, cookies[i]!, { t: "check_in", id: `b${i}`, code }));
    }
    const seen = await board.evaluate(() => (window as unknown as { seen: { frames: number[]; long: number[] } }).seen);
    const after = await work(devtools);
    await Promise.all(answers);
    if (view !== "a bare number") await expect(board.getByRole("button", { name: new RegExp(`^${students}\\s*Present$`) })).toBeVisible();
    const gaps = seen.frames.slice(1).map((t, i) => t - seen.frames[i]!);
    const lasted = seen.frames.at(-1)! - seen.frames[0]!;
    const each = (ms: number) => (ms / gaps.length).toFixed(1);
    rows.push([
      view,
      ((1000 * gaps.length) / lasted).toFixed(1),
      percentile(gaps, 0.95).toFixed(1),
      percentile(gaps, 0.99).toFixed(1),
      Math.max(...gaps).toFixed(0),
      seen.long.length,
      each(after.all - before.all),
      each(after.script - before.script),
      each(after.style - before.style),
      each(after.layout - before.layout),
    ]);
    await board.screenshot({ path: `test-results/speed-board-${view}.png` });
    await context.close();
    await teacher.request.post(`${at}/commands`, { data: { t: "close", id: "close" } });
  }
  table(
    [
      "view",
      "frames a second",
      "95 of 100 frames within (ms)",
      "99 of 100 (ms)",
      "longest (ms)",
      "frames of more than 50 ms",
      "main thread a frame (ms)",
      "script",
      "style",
      "layout",
    ],
    rows,
  );
});
