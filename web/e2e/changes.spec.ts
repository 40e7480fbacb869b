// What was done in bulk can be looked into and taken back, whole or as far as nothing
// contradicts it.

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
