// A student scans the code on a slow line with a slow phone: when the page is painted,
// when a tap on its button does something, when the answer is there, and what it took.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { codesNow, enter, expect, startSession, test } from "../e2e/test";
import { SlowLine, type Profile } from "./line";
import { Chromium, Phone } from "./phone";
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

/** How long the browser rests before a scan, in ms. */
const rest = 3000;

const paintedAt = `performance.timeOrigin + performance.getEntriesByName("first-contentful-paint")[0].startTime`;
/** When it was painted and its own script had been run, by which a tap is taken. */
const interactiveAt = `Math.max(${paintedAt}, performance.timeOrigin + performance.getEntriesByType("navigation")[0].domContentLoadedEventStart)`;
const middleOfButton = `(() => {
  const { left, top, width, height } = document.querySelector("button.here").getBoundingClientRect();
  return { x: left + width / 2, y: top + height / 2 };
})()`;

/** The least that can be tapped: what no page can be quicker than, in this browser on this machine. */
async function bareButton(): Promise<{ line: SlowLine; close(): Promise<void> }> {
  const page = `<!doctype html><meta name="viewport" content="width=device-width"><form method="post"><button class="here">I'm here`;
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end(page));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const line = await SlowLine.to(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, none);
  const close = async () => {
    await line.close();
    server.close();
  };
  return { line, close };
}

const rows: (string | number)[][] = [];

for (const c of cases) {
  test(c.name, async ({ program, course, visit }) => {
    const board = await visit();
    await enter(board, course.teacher);
    const session = await startSession(board);
    const muster = await SlowLine.to(program.url, none);
    const bare = await bareButton();
    const student = await visit({ phone: true });
    await enter(student, course.students[0]!);
    const { id } = (await (await student.request.get("/api/v1/me")).json()) as { id: number };
    const cookies = (await student.context().cookies()).map(({ name, value, path, httpOnly, sameSite }) => {
      return { name, value, path, httpOnly, sameSite, domain: "muster.test" };
    });
    const chromium = new Chromium();

    /** Scans the code: as the case is, or on a fast line. */
    async function scan(phone: Phone, line: SlowLine, how?: Case): Promise<{ began: number; painted: Promise<number> }> {
      const unmark = { t: "mark", id: `u${Date.now()}`, marks: [[id, "unset"]] };
      expect((await board.request.post(`/api/v1/sessions/${session}/commands`, { data: unmark })).ok()).toBe(true);
      line.reset(how?.line ?? none);
      await phone.send("Emulation.setCPUThrottlingRate", { rate: slowdown });
      if (how?.byRequest) {
        const throughput = (how.byRequest.rate * 1000) / 8;
        const { latency } = how.byRequest;
        const limits = { offline: false, latency, downloadThroughput: throughput, uploadThroughput: throughput };
        await phone.send("Network.emulateNetworkConditions", limits);
      }
      const painted = new Promise<number>((seen) => {
        phone.on("Page.lifecycleEvent", ({ name }) => name === "firstContentfulPaint" && seen(Date.now()));
      });
      await new Promise((rested) => setTimeout(rested, rest));
      const { qr } = await codesNow(board, session);
      const began = Date.now();
      void phone.send("Page.navigate", { url: `${line.url}/C/${session}/${qr}` });
      return { began, painted };
    }

    for (const kind of ["bare button", "first", "returning"] as const) {
      const line = kind === "bare button" ? bare.line : muster;
      const at: Record<"painted" | "interactive" | "acted" | "answered" | "live" | "bytes", number[]> = {
        painted: [],
        interactive: [],
        acted: [],
        answered: [],
        live: [],
        bytes: [],
      };
      for (let run = 0; run < runs; run++) {
        let button = { x: 0, y: 0 };
        for (const patient of [true, false]) {
          let phone = await Phone.of(chromium, cookies);
          if (kind === "returning") {
            await scan(phone, muster);
            await phone.seen(/^Live$/m);
            phone = await phone.another();
          }
          const { began, painted } = await scan(phone, line, c);
          await painted;
          if (patient) {
            if (line === muster) at.live.push((await phone.seen(/^Live$/m)) - began);
            at.bytes.push(line.bytes.down);
            at.painted.push((await phone.ask<number>(paintedAt)) - began);
            at.interactive.push((await phone.ask<number>(interactiveAt)) - began);
            button = await phone.ask(middleOfButton);
          } else {
            const acted = new Promise<number>((sent) => {
              phone.on("Network.requestWillBeSent", ({ request, wallTime }) => request.method === "POST" && sent(1000 * wallTime));
              phone.on("Network.webSocketFrameSent", ({ response }) => response.payloadData.includes("check_in") && sent(Date.now()));
            });
            await phone.tap(button);
            at.acted.push((await acted) - began);
            if (line === muster) at.answered.push((await phone.seen(/You're present/)) - began);
          }
          await phone.close();
        }
      }
      const seconds = (all: number[]) => (all.length ? (median(all) / 1000).toFixed(2) : "");
      rows.push([
        c.name,
        kind,
        seconds(at.painted),
        seconds(at.interactive),
        seconds(at.acted),
        seconds(at.answered),
        seconds(at.live),
        (median(at.bytes) / 1000).toFixed(1),
      ]);
    }
    await chromium.close();
    await bare.close();
    await muster.close();
  });
}

test.afterAll(() =>
  table(
    [
      "line",
      "visit",
      "painted (s)",
      "interactive (s)",
      "a tap acts (s)",
      "tapped at once: “You're present” (s)",
      "in step, live (s)",
      "kB received until then",
    ],
    rows,
  ),
);
