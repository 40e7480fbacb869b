// The first day: an operator opens the link that the program printed, brings in a list
// of people, and gives out the links by which they come in.

import { expect, test } from "./test";
import { Program } from "./program";

test("from the first link to a course whose people can come in", async ({ visit }) => {
  const program = await Program.start();
  try {
    const admin = await visit({ baseURL: program.url, permissions: ["clipboard-read", "clipboard-write"] });
    await admin.goto(program.adminLink);
    await expect(admin.getByRole("heading", { name: /^Welcome/ })).toBeVisible();
    const username = admin.getByLabel("Username");
    if (await username.isVisible()) await username.fill("admin");
    await admin.getByLabel("New password").fill("correct horse battery");
    await admin.getByRole("button", { name: "Save and go on" }).click();
    await expect(admin).toHaveURL(/\/admin/);

    await admin.getByRole("link", { name: "Import", exact: true }).click();
    await admin.getByLabel(/Drop files here/).setInputFiles({
      name: "algorithms.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(
        "\ufeffMatrikel;Nachname;Vorname;Rolle\n0001;Hopper;Grace;teacher\n0002;Lovelace;Ada;student\n0003;Gödel;Kurt;student\n",
      ),
    });
    await admin.getByLabel("Course code").fill("CS101");
    await admin.getByRole("button", { name: "Preview" }).click();
    await expect(admin.getByRole("row", { name: /Kurt Gödel/ }).first()).toBeVisible();
    await admin.getByRole("button", { name: "Apply" }).click();
    await expect(admin.getByRole("heading", { name: "Imported" })).toBeVisible();

    await admin.getByRole("link", { name: "See the courses" }).click();
    await expect(admin.getByText("2 students")).toBeVisible();
    await admin.getByRole("button", { name: "Join links of CS101" }).click();
    await admin.getByRole("button", { name: "Make join links" }).click();
    await admin.getByRole("button", { name: "Copy the link of Hopper, Grace" }).click();
    const copied = () => admin.evaluate(() => navigator.clipboard.readText());
    await expect.poll(copied).toContain("/join/");
    const link = await copied();

    const teacher = await visit();
    await teacher.goto(link);
    await teacher.getByRole("button", { name: "Go on without a password" }).click();
    await expect(teacher.getByRole("heading", { name: "My courses" })).toBeVisible();
    await expect(teacher.getByText("2 students")).toBeVisible();

    // A link works once.
    const late = await visit({ allow: /status of 409/ });
    await late.goto(link);
    await expect(late.getByRole("heading", { name: "This link doesn't work" })).toBeVisible();
  } finally {
    await program.stop();
  }
});
