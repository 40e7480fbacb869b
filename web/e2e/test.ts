// What the tests have at hand: the program with an administrator in it, courses as
// they are needed, and browsers that watch for errors.

import {
  test as base,
  expect,
  request,
  type APIRequestContext,
  type BrowserContext,
  type BrowserContextOptions,
  type Page,
} from "@playwright/test";
import { Program } from "./program";

export { expect, type Page };

/** Somebody of a course, and the link by which they come in. */
export interface Person {
  family: string;
  link: string;
}

export interface Course {
  id: number;
  code: string;
  teacher: Person;
  students: Person[];
}

export interface Visit extends BrowserContextOptions {
  /** On a phone rather than a laptop. */
  phone?: boolean;
  /** WebSockets are blocked on this network. */
  blocked?: boolean;
  /** What the browser may complain about, since the test is about it. */
  allow?: RegExp;
}

const laptop = { viewport: { width: 1366, height: 768 } };
const phone = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

const names = ["Dijkstra,Edsger", "Hamilton,Margaret", "Liskov,Barbara", "Lovelace,Ada", "Turing,Alan"];
export const adminPassword = "correct horse battery";

interface EachTest {
  /** A course of its own, with Grace Hopper as teacher and five students by family name. */
  course: Course;
  /** Opens a browser of one more person. At the end, none may have had errors. */
  visit(how?: Visit): Promise<Page>;
}

interface EachWorker {
  program: Program;
  /** The administrator, over the REST API. */
  admin: APIRequestContext;
}

let courses = 0;

/** What Chromium says when a page is left, or tries another line, before its WebSocket is there. */
const leftEarly = /WebSocket is closed before the connection is established/;

export const test = base.extend<EachTest, EachWorker>({
  program: [
    async ({}, use) => {
      const program = await Program.start();
      await use(program);
      await program.stop();
    },
    { scope: "worker" },
  ],

  admin: [
    async ({ program }, use) => {
      const admin = await request.newContext({ baseURL: program.url });
      const token = program.adminLink.split("/").pop();
      const joined = await admin.post(`/api/v1/join/${token}`, { data: { username: "admin", password: adminPassword } });
      expect(joined.ok(), await joined.text()).toBe(true);
      await use(admin);
      await admin.dispose();
    },
    { scope: "worker" },
  ],

  course: async ({ program, admin }, use) => {
    const code = `CS${101 + courses++}`;
    const people = ["Hopper,Grace,teacher", ...names.map((name) => `${name},student`)];
    await program.import(code, ["ref,family,given,role", ...people.map((p, i) => `${code}-${i},${p}`)].join("\n"));
    const found = (await (await admin.get("/api/v1/courses", { params: { q: code } })).json()) as { courses: { id: number }[] };
    const id = found.courses[0]!.id;
    // Codes are good for long enough that a slow machine gets them across.
    expect((await admin.patch(`/api/v1/courses/${id}`, { data: { code_step_ms: 20_000, code_grace: 10 } })).ok()).toBe(true);
    const made = (await (await admin.post(`/api/v1/courses/${id}/join-links`)).json()) as { links: { family: string; url: string }[] };
    const all = made.links.map(({ family, url }) => ({ family, link: url }));
    const students = all.filter((p) => p.family !== "Hopper").sort((a, b) => a.family.localeCompare(b.family));
    await use({ id, code, teacher: all.find((p) => p.family === "Hopper")!, students });
  },

  visit: async ({ browser, program }, use) => {
    const complaints: string[] = [];
    const opened: BrowserContext[] = [];
    await use(async ({ phone: small, blocked, allow, ...options } = {}) => {
      const context = await browser.newContext({ baseURL: program.url, ...(small ? phone : laptop), ...options });
      opened.push(context);
      const complain = (what: string) => {
        if (!allow?.test(what) && !leftEarly.test(what)) complaints.push(what);
      };
      context.on("weberror", (e) => complain(String(e.error())));
      context.on("console", (m) => {
        if (m.type() === "error" || m.type() === "warning") complain(`${m.text()} (${m.location().url})`);
      });
      if (blocked) await context.routeWebSocket(/./, (ws) => ws.close());
      return context.newPage();
    });
    for (const context of opened) await context.close();
    expect(complaints, "errors in the browsers' consoles").toEqual([]);
  },
});

/**
 * Has a page's clock stand still while something is done and looked at: a message that goes
 * by itself after some seconds stays, however long a slow machine takes. The clock is put
 * forward first, since it can only be stopped ahead of where it is by then.
 */
export async function atLeisure(page: Page, look: () => Promise<void>): Promise<void> {
  await page.clock.pauseAt(await page.evaluate(() => Date.now() + 60_000));
  await look();
  await page.clock.resume();
}

/** Comes in by a join link. */
export async function enter(page: Page, person: Person): Promise<void> {
  await page.goto(person.link);
  await page.getByRole("button", { name: "Go on without a password" }).click();
  await expect(page).not.toHaveURL(/join/);
}

/** Starts a session of the teacher's only course, and returns its id. */
export async function startSession(teacher: Page): Promise<number> {
  await teacher.getByRole("button", { name: "Start now" }).click();
  await expect(teacher).toHaveURL(/\/board\/\d+$/);
  return Number(teacher.url().split("/").pop());
}

/** The codes that the display shows now; whoever may open the display may ask. */
export async function codesNow(board: Page, session: number): Promise<{ qr: string; digits: string }> {
  const answer = await board.request.get(`/api/v1/sessions/${session}/state?audience=display`);
  const { now, codes } = (await answer.json()) as { now: number; codes: { start: number; step: number; codes: [string, string][] } };
  const [qr, digits] = codes.codes[Math.floor((now - codes.start) / codes.step)]!;
  return { qr, digits };
}

/** The address in the QR code. */
export const scanAddress = (page: Page, session: number, code: string): string =>
  `${new URL(page.url()).origin.toUpperCase()}/C/${session}/${code}`;
