// Every page, light and dark, has nothing that axe finds.

import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import { adminPassword, enter, expect, startSession, test, type Page } from "./test";

const axe = readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Opens a page, waits for what shows that it is all there, and looks it over. */
async function look(page: Page, path: string, ready: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByText(ready).first()).toBeVisible();
  await fine(page, path);
}

async function fine(page: Page, what: string): Promise<void> {
  if (!(await page.evaluate("'axe' in window"))) await page.evaluate(await axe);
  await page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"); // in its last colours
  const found = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as AxeResults;
  const told = found.violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.target.join(" ")}: ${n.failureSummary ?? v.help}`));
  expect.soft(told, what).toEqual([]);
  const wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  expect.soft(wide, `${what} is wider than the screen by`).toBe(0);
}

for (const colorScheme of ["light", "dark"] as const) {
  test(`a student's pages are accessible (${colorScheme})`, async ({ course, visit }) => {
    const board = await visit();
    await enter(board, course.teacher);
    const session = await startSession(board);

    const page = await visit({ phone: true, colorScheme });
    await look(page, "/signin", "No password yet");
    const [student] = course.students;
    await look(page, student!.link, "Choose a password");
    await enter(page, student!);
    await look(page, "/", "Open now");
    await look(page, "/me", "My attendance");
    await look(page, `/s/${session}`, "Are you here?");
    await page.getByLabel("Type the six digits on the screen").fill("000000");
    await expect(page.getByRole("alert")).toBeVisible();
    await fine(page, "a refused code");
    const marks = (mark: string) =>
      board.request.post(`/api/v1/sessions/${session}/commands`, { data: { t: "mark", id: mark, marks: [[id, mark]] } });
    const id = ((await (await page.request.get("/api/v1/me")).json()) as { id: number }).id;
    for (const [mark, words] of [
      ["present", "You're present"],
      ["late", "You're late, but here"],
      ["excused", "You're excused"],
      ["absent", "Marked absent"],
    ] as const) {
      await marks(mark);
      await expect(page.getByText(words)).toBeVisible();
      await fine(page, words);
    }
    await look(page, "/me", "1 absent");
    const lost = await visit({ phone: true, colorScheme, allow: /status of 404/ });
    await look(lost, "/join/long-gone", "This link doesn't work");
    await look(lost, "/nowhere", "There is no such page");
    await look(page, "/s/999999", "This session can't be shown");
  });

  test(`a teacher's pages are accessible (${colorScheme})`, async ({ course, visit }) => {
    const page = await visit({ colorScheme });
    await enter(page, course.teacher);
    await look(page, "/teach", "My courses");
    await look(page, `/teach/${course.id}`, "No session yet");
    for (const part of ["Settings", "Join links for students"]) await page.locator("summary", { hasText: part }).click();
    await page.getByRole("button", { name: "Make join links" }).click();
    await expect(page.getByText("These links are shown only now.")).toBeVisible();
    await fine(page, "a course's settings and links");

    const session = await startSession(page);
    await look(page, `/display/${session}`, /^\d{6}$/);
    await look(page, `/board/${session}`, "Arrivals");
    await page.getByRole("option", { name: /^Lovelace/ }).click();
    await expect(page.getByRole("dialog", { name: "Ada Lovelace" })).toBeVisible();
    await fine(page, "the menu of marks");
    await page.keyboard.press("l");
    await page.keyboard.press("Control+a");
    await fine(page, "the board with all selected");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "List" }).click();
    await expect(page.getByRole("grid", { name: "Students" })).toBeVisible();
    await fine(page, "the board as a list");
    await page.getByRole("button", { name: "Tiles" }).click();
    await page.keyboard.press("?");
    await expect(page.getByRole("dialog")).toBeVisible();
    await fine(page, "the keys");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Close session" }).click();
    await fine(page, "closing");
    await page.getByRole("dialog").getByRole("button", { name: "Close session" }).click();
    await expect(page.getByText("You can still change marks.")).toBeVisible();
    await fine(page, "a closed board");
    await look(page, `/report/${session}`, "Download CSV");
    await look(page, `/display/${session}`, "Check-in is closed");
    await look(page, `/teach/${course.id}`, "Report");
    await look(page, "/board/999999", "Go to my courses");
  });

  test(`an administrator's pages are accessible (${colorScheme})`, async ({ course, visit }) => {
    const page = await visit({ colorScheme });
    await page.goto("/signin?next=/admin/courses");
    await page.getByLabel("Username").fill("admin");
    await page.getByRole("textbox", { name: "Password" }).fill(adminPassword);
    await page.getByRole("button", { name: "Sign in" }).click();
    await expect(page.getByText(course.code, { exact: true }).first()).toBeVisible();
    await fine(page, "courses");
    await page.getByRole("button", { name: `Join links of ${course.code}` }).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await fine(page, "join links");
    await look(page, "/admin/people", "Hopper, Grace");
    await page.getByRole("button", { name: "Add a person" }).click();
    await fine(page, "adding a person");
    await look(page, "/admin/import", "Drop files here");
    const rows = "ref,family,given\n1,Lovelace,Ada\n1,Turing,Alan\n";
    await page.getByLabel(/Drop files here/).setInputFiles({ name: "list.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
    await page.getByLabel("Course code").fill("CS999");
    await expect(page.getByRole("button", { name: "Preview" })).toBeEnabled();
    await fine(page, "the columns of an import");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByRole("heading", { name: "What this import does" })).toBeVisible();
    await fine(page, "the preview of an import");
  });
}

test("a teacher's pages fit a phone", async ({ course, visit }) => {
  const page = await visit({ phone: true });
  await enter(page, course.teacher);
  const session = await startSession(page);
  await look(page, `/board/${session}`, "Arrivals");
  await page.getByRole("option", { name: /^Lovelace/ }).tap();
  await expect(page.getByRole("dialog", { name: "Ada Lovelace" })).toBeVisible();
  await fine(page, "the menu of marks");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "List" }).tap();
  await fine(page, "the board as a list");
  await page.getByRole("button", { name: "Close" }).tap();
  await fine(page, "closing");
  await look(page, `/display/${session}`, /^\d{6}$/);
  await look(page, `/report/${session}`, "Download CSV");
  await look(page, "/teach", "My courses");
  await look(page, `/teach/${course.id}`, "Open now");
});
