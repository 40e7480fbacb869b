// What was done in bulk can be looked into and taken back, whole or as far as nothing
// contradicts it.

import { fine } from "./axe";
import { adminPassword, expect, test } from "./test";

test("an import is taken back, but for what was changed since", async ({ program, admin, visit }) => {
  await program.import("UNDO1", "ref,family,given,email\nundo-1,Undone,Una,una@example.edu\nundo-2,Kept,Kim,kim@example.edu\n");
  await program.import("UNDO1", "ref,family,given,email\nundo-1,Undone,Una,una@example.org\nundo-2,Kept,Kim,kim@example.org\n");
  const people = (await (await admin.get("/api/v1/people", { params: { q: "Kept Kim" } })).json()) as { people: { id: number }[] };
  await admin.patch(`/api/v1/people/${people.people[0]!.id}`, { data: { given: "Kimberly" } });

  const page = await visit();
  await page.goto("/signin?next=/admin/changes");
  await page.getByLabel("Username").fill("admin");
  await page.getByRole("textbox", { name: "Password" }).fill(adminPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  const newest = page.locator("li", { has: page.getByRole("button", { name: /^(Look|Hide) at UNDO1/ }) }).first();
  await newest.getByRole("button", { name: /^Look/ }).click();
  await expect(newest).toContainText("una@example.org");
  await newest.getByRole("button", { name: /^Undo / }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("1 of the 2 changes");
  await expect(dialog).toContainText("Kimberly");
  await dialog.getByRole("button", { name: "Undo the other 1" }).click();
  await expect(page.getByText("1 thing is as it was.")).toBeVisible();
  await expect(newest.getByText("Undone", { exact: true })).toBeVisible();

  const una = (await (await admin.get("/api/v1/people", { params: { q: "Una Undone" } })).json()) as { people: { email: string }[] };
  expect(una.people[0]!.email).toBe("una@example.edu");

  await page.getByRole("link", { name: "Audit" }).click();
  await page.getByRole("searchbox").fill("Kimberly");
  await expect(page.getByText("Kimberly").first()).toBeVisible();
});

test("what a job has changed is looked at and taken back from the page of jobs", async ({ admin, visit }) => {
  const file = { name: "undo-job.csv", mimeType: "text/csv", buffer: Buffer.from("ref,family,given\nundo-job-1,Hopper,Grace\n") };
  const sent = await admin.post("/api/v1/imports/jobs", { multipart: { format: "csv", course: "UNDOJOB", apply: "true", file } });
  expect(sent.status()).toBe(202);

  const page = await visit();
  await page.goto("/signin?next=/admin/jobs");
  await page.getByLabel("Username").fill("admin");
  await page.getByRole("textbox", { name: "Password" }).fill(adminPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "What it changed (undo-job.csv)" }).press("Enter");
  await expect(page).toHaveURL(/\/admin\/changes\/\d+$/);
  const set = page.getByRole("listitem").filter({ hasText: "undo-job.csv" });
  await expect(set).toContainText("Hopper");
  await fine(page, "what a job has changed");
  await set.getByRole("button", { name: "Undo undo-job.csv" }).press("Enter");
  await expect(set.getByText("Undone", { exact: true })).toBeVisible();
  const courses = (await (await admin.get("/api/v1/courses")).json()) as { courses: { code: string; students: number }[] };
  expect(courses.courses.filter((course) => course.code === "UNDOJOB" && course.students > 0)).toEqual([]);
  await page.getByRole("link", { name: "All changes" }).click();
  await expect(page.getByText("Everything that was done in bulk")).toBeVisible();
});
