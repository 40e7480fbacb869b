// Work in the background: an office imports a large list, sees how far it is, the server
// is killed in the middle of it, and the work is done when it is back.

import { fine } from "./axe";
import { Program } from "./program";
import { adminPassword, expect, test, type Page } from "./test";

const people = 80_000;

/** A list of people of more than two megabytes. */
function large(n: number): Buffer {
  const lines = ["ref,family,given,email"];
  for (let i = 0; i < n; i++) lines.push(`large-${i},Family${i % 977},Given${i},person${i}@example.edu`);
  return Buffer.from(lines.join("\n"));
}

async function signIn(page: Page, program: Program): Promise<void> {
  await page.goto(program.adminLink);
  const username = page.getByLabel("Username");
  if (await username.isVisible()) await username.fill("admin");
  await page.getByLabel("New password").fill(adminPassword);
  await page.getByRole("button", { name: "Save and go on" }).click();
  await expect(page).toHaveURL(/\/admin/);
}

test("a large import is a job that outlives its server", async ({ visit }) => {
  const program = await Program.start();
  try {
    const page = await visit({ baseURL: program.url, allow: /Failed to load resource|ERR_/ });
    await signIn(page, program);
    const watching = await visit({ baseURL: program.url, phone: true, allow: /Failed to load resource|ERR_/ });
    await watching.context().addCookies(await page.context().cookies());
    await watching.goto("/admin/jobs");
    await expect(watching.getByRole("heading", { name: "Jobs" })).toBeVisible();

    await page.goto("/admin/import");
    await page.getByLabel(/Drop files here/).setInputFiles({ name: "everybody.csv", mimeType: "text/csv", buffer: large(people) });
    await page.getByLabel("Course code").fill("ALL");
    await page.getByRole("button", { name: "Preview" }).click();
    await expect(page.getByRole("heading", { name: "What this import does" })).toBeVisible();
    program.slowDown(); // so that there is a middle of it
    await page.getByRole("button", { name: "Apply" }).click();
    await expect(page.getByText("You may leave this page.")).toBeVisible();
    await watching.reload();
    const job = watching.getByRole("listitem").filter({ hasText: "Import ·" });
    await expect(job.getByRole("progressbar", { name: "Progress of everybody.csv" })).toBeVisible();
    await expect(page.getByText(/^Writing rows: .* of 160/)).toBeVisible();
    await fine(watching, "a running job on a phone");

    await program.kill();
    await program.restart();
    await expect(job.getByText("Running")).toBeVisible();
    await expect(job.getByText("Done")).toBeVisible({ timeout: 180_000 });
    await expect(job.getByText(/80000 people/)).toBeVisible();
    await job.getByRole("button", { name: "Details of everybody.csv" }).click();
    await expect(watching.getByRole("dialog", { name: "everybody.csv" })).toBeVisible();
    await fine(watching, "the details of a job");

    // The page that began it has waited, and shows that it is done.
    await expect(page.getByRole("heading", { name: "Imported" })).toBeVisible();
  } finally {
    await program.stop();
  }
});

test("a job is cancelled, tried again, and a broken one says why", async ({ visit }) => {
  const program = await Program.start();
  try {
    const page = await visit({ baseURL: program.url });
    await signIn(page, program);
    await page.goto("/admin/jobs");
    await expect(page.getByRole("heading", { name: "Jobs" })).toBeVisible();
    program.slowDown(); // or else the first is done before it is cancelled
    const send = (name: string, buffer: Buffer, fields: Record<string, string>) =>
      page.request.post("/api/v1/imports/jobs", { multipart: { ...fields, file: { name, mimeType: "text/csv", buffer } } });
    expect((await send("long.csv", large(people), { format: "csv", course: "ALL", apply: "true" })).status()).toBe(202);
    expect((await send("broken.zip", Buffer.from("PK\u0003\u0004 no zip"), { format: "oneroster", apply: "true" })).status()).toBe(202);

    await page.reload();
    await page.getByRole("button", { name: "Cancel long.csv" }).click();
    const long = page.getByRole("listitem").filter({ hasText: "long.csv" });
    await expect(long.getByText("Cancelled")).toBeVisible();
    program.speedUp();
    const broken = page.getByRole("listitem").filter({ hasText: "broken.zip" });
    await expect(broken.getByText("Failed")).toBeVisible();
    await expect(broken.getByText(/zip file that can be read/)).toBeVisible();
    await fine(page, "jobs that ended");
    expect(((await (await page.request.get("/api/v1/people")).json()) as { people: unknown[] }).people).toHaveLength(1);

    await long.getByRole("button", { name: "Try again long.csv" }).click();
    await expect(long.getByText("Done")).toBeVisible({ timeout: 180_000 });
  } finally {
    await program.stop();
  }
});
