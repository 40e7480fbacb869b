// What goes out: reports as files, calendar feeds, and programs with tokens.

import { readFile } from "node:fs/promises";
import { enter, expect, startSession, test, type Page } from "./test";

async function saved(page: Page, link: string): Promise<{ name: string; text: string }> {
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: link }).first().click()]);
  return { name: download.suggestedFilename(), text: await readFile(await download.path(), "latin1") };
}

test("a teacher sees who is below what is asked for, and takes the term along", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  const session = await startSession(page);
  const report = (await (await page.request.get(`/api/v1/sessions/${session}/report`)).json()) as {
    rows: { person: number; family: string }[];
  };
  const marks = report.rows.map((row) => [row.person, row.family === "Turing" ? "absent" : "present"]);
  await page.request.post(`/api/v1/sessions/${session}/commands`, { data: { t: "mark", id: "m", marks } });

  await page.goto(`/teach/${course.id}/reports`);
  await expect(page.getByRole("row", { name: /^Turing/ })).toContainText("0 %");
  await page.getByLabel("Only below").check();
  await expect(page.getByText("1 of 5", { exact: true })).toBeVisible();
  await expect(page.getByRole("row", { name: /^Lovelace/ })).toHaveCount(0);
  await page.getByLabel("Percent asked for").fill("0");
  await expect(page.getByText("Nobody fits.")).toBeVisible();
  await page.getByLabel("Only below").uncheck();
  await page.getByRole("button", { name: "Absent" }).click();
  await expect(page.getByRole("row").nth(1)).toContainText("Turing");
  await page.getByLabel("Every session").check();
  await expect(page.getByRole("row").nth(1).getByTitle("Absent")).toBeVisible();

  const csv = await saved(page, "Download CSV");
  expect(csv.name).toBe(`attendance-${course.code}.csv`);
  expect(csv.text).toMatch(/Turing,Alan,[^,]+,0,0,1,0,0,1,0,A\r\n/);
  const xlsx = await saved(page, "Download Excel");
  expect([xlsx.name, xlsx.text.slice(0, 2)]).toEqual([`attendance-${course.code}.xlsx`, "PK"]);
  expect((await saved(page, "CSV of Turing, Alan")).text).toContain(",absent");
});

test("a student's calendar program finds the sessions until the feed ends", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  await startSession(teacher);
  const page = await visit({ phone: true });
  await enter(page, course.students[0]!);
  await page.goto("/me");
  await page.getByRole("button", { name: "Make an address" }).click();
  const address = await page.getByLabel(/Give this address/).inputValue();
  expect(await (await page.request.get(address)).text()).toContain(`SUMMARY:${course.code}`);
  await page.getByRole("button", { name: "End the feed" }).click();
  await expect(page.getByText("The feed has ended.")).toBeVisible();
  expect((await page.request.get(address)).status()).toBe(404);
});

test("a program may do what its token is for, until it is revoked", async ({ course, visit, program }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto("/teach/tokens");
  await page.getByLabel("What it is for").fill("Sync");
  await page.getByLabel(/roster:read/).check();
  await page.getByRole("button", { name: "Make token" }).click();
  const token = await page.getByLabel("The new token").inputValue();
  const asks = async (path: string) =>
    (await fetch(`${program.url}/api/v1/courses/${course.id}${path}`, { headers: { Authorization: `Bearer ${token}` } })).status;
  expect([await asks(""), await asks("/report")]).toEqual([200, 403]);
  await page.getByRole("button", { name: "Revoke Sync" }).click();
  await expect(page.getByText(/^Revoked today/)).toBeVisible();
  expect(await asks("")).toBe(401);
});
