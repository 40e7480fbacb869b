// Two records of one person are found, merged, and shown to be one.

import { adminPassword, expect, test } from "./test";

test("a duplicate is found and merged, keyboard only", async ({ program, admin, visit }) => {
  void admin; // there is one
  await program.import("DUP1", "ref,family,given,email\ndup-1,Twin,Thea,thea@example.edu\n");
  await program.import("DUP2", "ref,family,given,email\ndup-2,Twin,Theodora,thea@example.edu\n");
  const page = await visit();
  await page.goto("/signin?next=/admin/duplicates");
  await page.getByLabel("Username").fill("admin");
  await page.getByRole("textbox", { name: "Password" }).fill(adminPassword);
  await page.getByRole("button", { name: "Sign in" }).click();

  const found = page.locator("li", { hasText: "thea@example.edu" });
  await expect(found).toContainText("They have the same address, thea@example.edu.");
  await found.getByRole("button", { name: "Keep the first record of Thea Twin and merge" }).press("Enter");
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("student in DUP2");
  await dialog.getByRole("button", { name: "Merge" }).press("Enter");
  await expect(page.getByText("It can be taken back under Changes.")).toBeVisible();
  await expect(found).toHaveCount(0);

  await page.goto("/admin/people");
  await page.getByRole("searchbox").fill("Twin");
  await expect(page.getByText("Twin, Thea")).toBeVisible();
  await expect(page.getByText("Twin, Theodora")).toHaveCount(0);
});
