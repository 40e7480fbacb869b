// A term in one line, moved and cancelled by keyboard, from a file, and by the clock.

import { readFile } from "node:fs/promises";

import { adminPassword, atLeisure, enter, expect, test } from "./test";

test("a teacher plans a term in a line, moves a week, and takes it back", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/timetable`);
  const rule = page.getByLabel("When does the course meet?");
  await rule.fill("Mo und Mi 10:15–11:45 Uhr, in HS 1, ab 7.10.2030 bis 25.10.2030, außer 16.10.");
  await expect(
    page.getByText("Mondays and Wednesdays 10:15 to 11:45, 7 Oct 2030 to 25 Oct 2030, except 16 Oct 2030, in HS 1"),
  ).toBeVisible();
  await rule.press("Tab");
  await page.keyboard.press("Enter"); // the button is next
  await expect(page.getByText("5 planned.")).toBeVisible();
  const times = page.getByRole("listitem").filter({ hasText: "10:15–11:45" });
  await expect(times).toHaveCount(5);

  await page.getByRole("checkbox", { name: "All of the week" }).first().press("Space");
  await page.getByRole("button", { name: "Move…" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Days").fill("1");
  await expect(dialog.getByText(/moved to Tue 8 Oct 2030/)).toBeVisible();
  await atLeisure(page, async () => {
    await dialog.getByRole("button", { name: "Move 2 sessions" }).press("Enter");
    await expect(page.getByText("2 changed.")).toBeVisible();
    await expect(page.getByText("Tue 8 Oct", { exact: true })).toBeVisible();
    await page.getByRole("button", { name: "Undo" }).click();
  });
  await expect(page.getByText("Taken back.")).toBeVisible();
  await expect(page.getByText("Tue 8 Oct", { exact: true })).toHaveCount(0);
});

test("a file is looked at first, and the same one again changes nothing", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/timetable`);
  await page.getByText("From a file").click();
  const csv = (rows: string) => ({ name: "plan.csv", mimeType: "text/csv", buffer: Buffer.from("Datum;Beginn;Ende;Thema\n" + rows) });
  const choose = page.locator("input[type=file]");
  await choose.setInputFiles(csv("14.10.2030;10:15;11:45;Listen\n32.10.2030;10:15;11:45;Nie\n"));
  await expect(page.getByText("The date “32.10.2030” is no day.").or(page.getByText('The date "32.10.2030" is no day.'))).toBeVisible();
  const file = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download rejected rows" }).press("Enter");
  expect((await file).suggestedFilename()).toBe("plan-rejected.csv");
  await page.getByRole("button", { name: "Change the timetable (1)" }).click();
  await expect(page.getByText("1 planned.")).toBeVisible();
  await choose.setInputFiles(csv("14.10.2030;10:15;11:45;Listen\n"));
  await expect(page.getByRole("button", { name: "Nothing to change" })).toBeVisible();
});

test("rejected events of a calendar are downloaded, mended and dropped again", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/timetable`);
  await page.getByText("From a file").click();
  const event = (...lines: string[]) => ["BEGIN:VEVENT", ...lines, "END:VEVENT"].join("\r\n");
  const good = event("UID:1", "SUMMARY:Lists", "DTSTART:20301014T081500Z", "DURATION:PT90M");
  const bad = event("UID:2", "SUMMARY:Trees", "DTSTART:20301021T081500Z");
  const ics = (name: string, text: string) => ({ name, mimeType: "text/calendar", buffer: Buffer.from(text) });
  const choose = page.locator("input[type=file]");
  await choose.setInputFiles(ics("plan.ics", ["BEGIN:VCALENDAR", "VERSION:2.0", good, bad, "END:VCALENDAR", ""].join("\r\n")));
  await expect(page.getByText("It has no end (DTEND or DURATION).")).toBeVisible();
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download rejected events" }).press("Enter");
  const file = await download;
  expect(file.suggestedFilename()).toBe("plan-rejected.ics");
  const rejected = await readFile(await file.path(), "utf8");
  expect(rejected).toContain("X-MUSTER-REASON:It has no end");
  expect(rejected).not.toContain("Lists");
  await page.getByRole("button", { name: "Change the timetable (1)" }).click();
  await expect(page.getByText("1 planned.")).toBeVisible();
  await choose.setInputFiles(ics("plan-rejected.ics", rejected.replace("UID:2", "DURATION:PT90M\r\nUID:2")));
  await page.getByRole("button", { name: "Change the timetable (1)" }).click();
  await expect(page.getByRole("listitem").filter({ hasText: "08:15–09:45" })).toHaveCount(2);
});

test("a large file is read by a job, and its columns are remembered", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/timetable`);
  await page.getByText("From a file").click();
  const rows = (n: number) =>
    Array.from({ length: n }, (_, i) => `${2031 + Math.floor(i / 12)}-${String((i % 12) + 1).padStart(2, "0")}-01,10:15,11:45`).join("\n");
  const large = {
    name: "large.csv",
    mimeType: "text/csv",
    buffer: Buffer.from(`Wann,Von,Bis\n${rows(3)}\n` + "x,,\n".repeat(520_000)),
  };
  const choose = page.locator("input[type=file]");
  await choose.setInputFiles({ ...large, buffer: Buffer.from(`Wann,Von,Bis\n${rows(3)}\n`) });
  await page.getByText("Which column is what").click();
  await page.getByLabel("Date").selectOption("Wann");
  await page.getByRole("button", { name: "Change the timetable (3)" }).click();
  await expect(page.getByText("3 planned.")).toBeVisible();
  const begun = page.waitForResponse((r) => r.url().endsWith("/timetable/file/jobs"), { timeout: 0 });
  await choose.setInputFiles(large);
  expect((await begun).status()).toBe(202);
  await page.getByText("Which column is what").click();
  await expect(page.getByText("The columns are as you chose them for such a table before.")).toBeVisible();
  await expect(page.getByText("520000")).toBeVisible();
  await expect(page.getByRole("button", { name: "Nothing to change" })).toBeVisible();
});

test("a session opens by itself, closes by itself, and the board can put that off", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/timetable`);
  await page.getByText("Opening and closing").click();
  await page.getByLabel("Sessions open by themselves").check();
  await page.getByLabel("and close by themselves").check();
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("Saved. It holds for sessions to come.")).toBeVisible();

  // A session that began a minute ago, in a table in UTC.
  const at = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  const row = `${at(-1).slice(0, 10)},${at(-1).slice(11, 16)},45,Now\n`;
  await page.getByText("From a file").click();
  await page
    .locator("input[type=file]")
    .setInputFiles({ name: "now.csv", mimeType: "text/csv", buffer: Buffer.from("date,start,duration,title\n" + row) });
  await page.getByRole("button", { name: "Change the timetable (1)" }).click();
  await expect(page.getByText("1 planned.")).toBeVisible();
  await expect(async () => {
    await page.goto(`/teach/${course.id}`);
    await expect(page.getByText("Open now")).toBeVisible({ timeout: 10_000 });
  }).toPass();
  await page.getByRole("link", { name: "Go to the board" }).click();
  await expect(page.getByText("Closes by itself at")).toBeVisible();
  await page.getByRole("button", { name: "Keep open" }).click();
  await expect(page.getByText("It stays open until somebody closes it.")).toBeVisible();
  await expect(page.getByText("Closes by itself at")).toHaveCount(0);
});

test("a new holiday offers to cancel what falls on it", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/timetable`);
  await page.getByLabel("When does the course meet?").fill("Mon 10:15–11:45 from 2.12.2030 until 20.12.2030");
  await page.getByRole("button", { name: "Plan 3 sessions" }).click();
  await expect(page.getByText("3 planned.")).toBeVisible();

  const office = await visit();
  await office.goto("/signin?next=/admin/holidays");
  await office.getByLabel("Username").fill("admin");
  await office.getByRole("textbox", { name: "Password" }).fill(adminPassword);
  await office.getByRole("button", { name: "Sign in" }).click();
  await office.getByLabel("First day").fill("2030-12-09");
  await office.getByLabel("Name").fill(`Founders' day ${course.id}`);
  await office.getByRole("button", { name: "Add" }).click();
  await expect(office.getByText(/is added. 1 session falls on it/)).toBeVisible();
  await office.getByRole("button", { name: "Cancel it" }).click();
  await expect(office.getByText("1 cancelled")).toBeVisible();
  await page.reload();
  await expect(page.getByText("Cancelled", { exact: true })).toHaveCount(1);
});
