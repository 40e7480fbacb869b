// A term of a course of 300 students in a real browser: what teacher and office do is
// counted, and in the end the record says exactly what happened.

import { expect, test, type BrowserContext, type Page } from "@playwright/test";
import { readFile } from "node:fs/promises";
import { bundle } from "./roster";
import { document as written } from "./report";
import { Server } from "./server";
import { drop, sum, Tally, total } from "./tally";
import { day, iso, minute, size, Term, turnover, weeks, words, type Letter, type Session, type Student } from "./term";
import { oneByOne, sheet } from "./ways";

const nextMonday = Date.now() - (Date.now() % day) + 7 * day + ((8 - new Date().getUTCDay()) % 7) * day;
const term = new Term(nextMonday);
const server = new Server();
const tally = new Tally();
const password = "correct horse battery";

/** Does something for all, some at a time. */
async function each<T>(all: T[], act: (one: T) => Promise<void>, atOnce = 40): Promise<void> {
  const rest = [...all];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let one = rest.pop(); one !== undefined; one = rest.pop()) await act(one);
    }),
  );
}

/** How everybody signs in is in no count: it is the same whatever takes the attendance. */
class People {
  readonly cookies = new Map<string, string>();
  #course = 0;
  #since = 0;

  async admin(page: Page, first = false): Promise<void> {
    const path = first ? `/api/v1/join/${server.adminLink.split("/").pop()}` : "/api/v1/signin";
    expect((await page.request.post(server.url + path, { data: { username: "admin", password } })).ok()).toBe(true);
  }

  /** Everybody who has no sign-in that lasts gets a new one. */
  async students(admin: Page, teacher: BrowserContext, course: number, now: number, anew = false): Promise<void> {
    this.#course = course;
    if (now - this.#since > 20 * day) {
      this.#since = now;
      this.cookies.clear();
      anew = true;
      await this.admin(admin, false);
    }
    if (!anew) return;
    const answer = await admin.request.post(`${server.url}/api/v1/courses/${this.#course}/join-links`);
    const { links } = (await answer.json()) as { links: { ref: string; url: string }[] };
    await each(
      links.filter((l) => !this.cookies.has(l.ref)),
      async ({ ref, url }) => {
        const joined = await fetch(`${server.url}/api/v1/join/${url.split("/").pop()}`, {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: "{}",
        });
        if (!joined.ok) throw new Error(`${ref} does not come in: ${await joined.text()}`);
        this.cookies.set(ref, joined.headers.get("set-cookie")!.split(";")[0]!);
      },
    );
    const [name, value] = this.cookies.get("t1")!.split("=");
    await teacher.addCookies([{ name: name!, value: value!, url: server.url }]);
  }
}

/** What the room's computer knows, by the link that it was given at the start of the term. */
async function onDisplay(room: BrowserContext, course: number): Promise<number> {
  return ((await (await room.request.get(`${server.url}/api/v1/courses/${course}/display`)).json()) as { session: number }).session;
}

/** The number that the session got when it was planned. */
async function planned(page: Page, course: number, session: Session): Promise<number> {
  const answer = await page.request.get(`${server.url}/api/v1/courses/${course}/timetable`);
  const { sessions } = (await answer.json()) as { sessions: { id: number; starts: number }[] };
  return sessions.find((s) => s.starts === session.starts)!.id;
}

async function status(page: Page, session: number): Promise<string> {
  return ((await (await page.request.get(`${server.url}/api/v1/sessions/${session}`)).json()) as { status: string }).status;
}

async function code(room: BrowserContext, session: number): Promise<string> {
  const answer = await room.request.get(`${server.url}/api/v1/sessions/${session}/state?audience=display`);
  const { now, codes } = (await answer.json()) as { now: number; codes: { start: number; step: number; codes: [string, string][] } };
  return codes.codes[Math.floor((now - codes.start) / codes.step)]![0];
}

/** The students who come check in by the code on the display. */
async function checkIn(room: BrowserContext, people: People, session: number, who: Student[]): Promise<void> {
  for (let rest = who; rest.length > 0;) {
    const now = await code(room, session);
    const refused: Student[] = [];
    await each(rest, async (student) => {
      const answer = await fetch(`${server.url}/api/v1/sessions/${session}/commands`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Cookie: people.cookies.get(student.ref)! },
        body: JSON.stringify({ t: "check_in", id: `${session}-${student.ref}`, code: now }),
      });
      if (answer.ok) return;
      const problem = (await answer.json()) as { code: string };
      if (problem.code !== "code_old") throw new Error(`${student.ref} cannot check in: ${JSON.stringify(problem)}`);
      refused.push(student);
    });
    rest = refused;
  }
}

const came = (session: Session, how: "p" | "l") => [...term.came.get(session)!].flatMap(([s, did]) => (did === how ? [s] : []));

test("a term by muster, by a spreadsheet and one mark at a time", async ({ browser }) => {
  const open = async (watched: boolean) => {
    const context = await browser.newContext({
      viewport: { width: 1366, height: 768 },
      timezoneId: "UTC",
      permissions: ["clipboard-read", "clipboard-write"],
    });
    if (watched) await tally.watch(context);
    return { context, page: await context.newPage() };
  };
  const begins = term.monday - 3 * day;
  await server.at(begins);
  const office = await open(true);
  const teacher = await open(true);
  const room = await open(true);
  const people = new People();
  const at = (path: string) => server.url + path;
  await people.admin(office.page, true);
  expect((await office.page.request.put(at("/api/v1/institution/zone"), { data: { zone: "UTC" } })).ok()).toBe(true);

  const roster = async (week: number, members: Student[]) => {
    tally.step("Rosters of the student office");
    await tally.bookmark(office.page, at("/admin/import"));
    await drop(office.page.getByText("Drop files here, or choose them"), `roster-${week}.zip`, "application/zip", bundle(term, members));
    await office.page.getByRole("button", { name: "Apply" }).click();
    await expect(office.page.getByRole("heading", { name: "Imported" })).toBeVisible();
  };

  await roster(0, term.members(1));
  const { courses } = (await (await office.page.request.get(at("/api/v1/courses"))).json()) as { courses: { id: number }[] };
  const course = courses[0]!.id;
  await people.students(office.page, teacher.context, course, begins);
  const { page } = teacher;
  const page_ = (tab: string) => at(`/teach/${course}/${tab}`);

  tally.step("Timetable of 28 sessions");
  await tally.bookmark(page, page_("timetable"));
  await page.getByLabel("When does the course meet?").click();
  await page.keyboard.type("mon wed 10:15-11:45");
  tally.add("keys", 2); // Shift for the colons, which the browser's driver does not press
  await page.getByRole("button", { name: "Plan 28 sessions" }).click();
  await expect(page.getByText("28 planned.")).toBeVisible();

  tally.step("Sessions open and close by themselves");
  await page.getByText("Opening and closing").click();
  await page.getByLabel("Sessions open by themselves,").click();
  await page.getByLabel("and close by themselves,").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved. It holds for sessions to come.")).toBeVisible();

  tally.step("The display in the room");
  await tally.bookmark(page, page_("sessions"));
  await page.getByRole("button", { name: "Copy a link for the room’s computer" }).click();
  await expect(page.getByText(/^Copied\./)).toBeVisible();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  tally.add("clicks"); // into the address bar
  tally.add("keys", 3); // Ctrl+V, Enter
  await room.page.goto(link);
  await expect(room.page.getByText("The code appears here by itself.")).toBeVisible();
  await room.page.keyboard.press("f");

  /** Selects the nth of the planned sessions, and presses a button. */
  const select = async (n: number, button: string) => {
    await tally.bookmark(page, page_("timetable"));
    await page.locator("li input[type=checkbox]").nth(n).click();
    await page.getByRole("button", { name: button }).click();
  };

  for (let week = 1; week <= weeks; week++) {
    for (const session of term.sessions.filter((s) => s.week === week)) {
      if (session.cancelled) {
        await server.at(session.starts - day);
        await people.students(office.page, teacher.context, course, session.starts);
        tally.step("Two sessions are cancelled");
        await select(session.n, "Cancel…");
        await page.getByRole("dialog").getByRole("button", { name: "Cancel 1 session" }).click();
        await expect(page.getByText("1 cancelled.")).toBeVisible();
        continue;
      }
      if (session.moved) {
        await server.at(session.starts - 2 * day);
        await people.students(office.page, teacher.context, course, session.starts);
        tally.step("One session is moved");
        await select(session.n, "Move…");
        await page.getByRole("dialog").getByLabel("Days").click();
        await page.keyboard.press("Control+a");
        await page.keyboard.type("1");
        await page.getByRole("dialog").getByRole("button", { name: "Move 1 session" }).click();
        await expect(page.getByText("1 changed.")).toBeVisible();
      }
      await server.at(session.starts + 1000);
      await people.students(office.page, teacher.context, course, session.starts);
      const id = await planned(page, course, session);
      await expect.poll(() => onDisplay(room.context, course), { intervals: [50, 100, 200] }).toBe(id);
      await expect.poll(() => status(page, id), { intervals: [50, 100, 200] }).toBe("open");
      await checkIn(room.context, people, id, came(session, "p"));
      await server.at(session.starts + 20 * minute);
      await checkIn(room.context, people, id, came(session, "l"));
    }

    // Friday: the list of the week, the report, and in the first weeks a new roster.
    const friday = term.monday + ((week - 1) * 7 + 4) * day + 14 * 60 * minute;
    await server.at(friday);
    await people.students(office.page, teacher.context, course, friday);
    tally.step("Excuses, the team and corrections, a list each week");
    await tally.bookmark(page, page_("term"));
    await expect(page.getByRole("grid", { name: "Marks of the term" })).toBeVisible();
    await drop(page.locator("body"), `week-${week}.csv`, "text/csv", Buffer.from(term.list(week)));
    const lines = term.lines.filter((l) => l.session.week === week).length;
    await page.getByRole("button", { name: `Change ${lines} marks` }).click();
    await expect(page.getByText(`${lines} marks changed from week-${week}.csv.`)).toBeVisible();
    tally.step("A report each week");
    const weekly = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    expect((await weekly).suggestedFilename()).toMatch(/\.xlsx$/);
    if (week <= turnover.length) {
      await people.admin(office.page);
      await roster(week, term.members(week + 1));
      await people.students(office.page, teacher.context, course, friday, true);
    }
  }

  tally.step("The final export");
  await tally.bookmark(page, page_("reports"));
  const final = page.waitForEvent("download");
  await page.getByRole("link", { name: "Download CSV" }).click();
  const file = await readFile(await (await final).path(), "utf8");

  await check(page, course, file);

  const ways = { muster: [...tally.steps], sheet: sheet(term), single: oneByOne(term) };
  const counts = { muster: total(sum(ways.muster.map(([, c]) => c))), sheet: ways.sheet.total, single: ways.single.total };
  const text = written(term, ways);
  console.log(text.table);
  await text.write();
  expect(1 - counts.muster / counts.single, "fewer than one mark at a time").toBeGreaterThanOrEqual(0.99);
  expect(1 - counts.muster / counts.sheet, "fewer than by a spreadsheet").toBeGreaterThanOrEqual(0.9);
});

test.afterAll(() => server.stop());

/** Compares every mark of the record, as it is stored and as it was exported, with what happened. */
async function check(page: Page, course: number, file: string): Promise<void> {
  const grid = (await (await page.request.get(`${server.url}/api/v1/courses/${course}/grid`)).json()) as {
    sessions: { id: number; starts: number; status: string }[];
    students: { id: number; ref: string; marks: string }[];
    notes: { person: number; session: number; note: string }[];
  };
  const got = new Map<string, string>();
  const notes = new Map(grid.notes.map((n) => [`${n.person} ${n.session}`, n.note]));
  const gotNotes = new Map<string, string>();
  grid.sessions.forEach((s, i) => {
    for (const student of grid.students) {
      const mark = student.marks[i]!;
      if (mark !== ".") got.set(`${iso(s.starts)} ${student.ref}`, mark);
      const note = notes.get(`${student.id} ${s.id}`);
      if (note) gotNotes.set(`${iso(s.starts)} ${student.ref}`, note);
    }
  });
  const want = new Map<string, Letter>();
  for (const session of term.held) {
    for (const [student, mark] of term.truth(session)) want.set(`${iso(session.starts)} ${student.ref}`, mark);
  }
  const reasons = new Map(term.lines.map((l) => [`${iso(l.session.starts)} ${l.student.ref}`, l.reason]));
  expect(want.size).toBe(size * term.held.length);
  expect(Object.fromEntries([...got].sort())).toEqual(Object.fromEntries([...want].sort()));
  expect(Object.fromEntries([...gotNotes].sort())).toEqual(Object.fromEntries([...reasons].sort()));

  const rows = file.replace("\uFEFF", "").trim().split(/\r?\n/);
  for (const student of term.students) {
    const row = rows.find((r) => r.includes(student.ref));
    expect(row, `the line of ${student.ref}`).toBeDefined();
    const marks = term.held.map((s) => term.truth(s).get(student)).filter((m) => m !== undefined);
    for (const letter of ["p", "l", "a", "e"] as const) {
      const n = marks.filter((m) => m === letter).length;
      const cells = row!.split(",");
      expect(
        cells.filter((c) => c.toLowerCase() === words[letter] || c.toLowerCase() === letter).length,
        `${words[letter]} of ${student.ref}`,
      ).toBe(n);
    }
  }
}
