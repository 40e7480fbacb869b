// An import whose rows are not all right: what is rejected comes back, is mended, and goes in.

import { readFile } from "node:fs/promises";
import { adminPassword, expect, test } from "./test";

const file = (name: string, text: string) => ({ name, mimeType: "text/csv", buffer: Buffer.from(text) });

test("rejected rows are downloaded, mended and imported; columns are remembered", async ({ admin, visit }) => {
  void admin; // there is one
  const page = await visit();
  await page.goto("/signin?next=/admin/import");
  await page.getByLabel("Username").fill("admin");
  await page.getByRole("textbox", { name: "Password" }).fill(adminPassword);
  await page.getByRole("button", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { name: "Import", exact: true })).toBeVisible();
  const choose = (name: string, text: string) => page.locator("input[type=file]").setInputFiles(file(name, text));

  await choose("list.csv", "Kennzahl;Wer;Post\nimp-1;Lovelace, Ada;ada@example.edu\nimp-2;Turing, Alan;nowhere\n");
  await page.getByLabel("Course code").fill("IMP1");
  await page.getByLabel("Reference (student number)").selectOption("Kennzahl");
  await page.getByLabel("Whole name, in one column").selectOption("Wer");
  await page.getByLabel("Email").selectOption("Post");
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("1 row is rejected")).toBeVisible();
  await expect(page.getByText('Read: list.csv: email is "Post", name is "Wer", ref is "Kennzahl"')).toBeVisible();

  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download rejected rows" }).click();
  const saved = await saving;
  expect(saved.suggestedFilename()).toBe("list-rejected.csv");
  const rejects = await readFile(await saved.path(), "utf8");
  expect(rejects).toBe(
    "\ufeffKennzahl;Wer;Post;why muster rejected it\r\nimp-2;Turing, Alan;nowhere;email: It must be an address with an @.\r\n",
  );

  await page.getByLabel("Leave out the one rejected row").check();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("heading", { name: "Imported" })).toBeFocused();

  await page.getByRole("button", { name: "Other files" }).click();
  await choose("list-rejected.csv", rejects.replace("nowhere", "alan@example.edu"));
  await expect(page.getByText("The columns are as you chose them for such a list before.")).toBeVisible();
  await page.getByLabel("Course code").fill("IMP1");
  await page.getByRole("button", { name: "Preview" }).click();
  await expect(page.getByText("0 rows change nothing").or(page.getByText("1 row changes nothing"))).toBeVisible();
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page.getByRole("heading", { name: "Imported" })).toBeFocused();
});
