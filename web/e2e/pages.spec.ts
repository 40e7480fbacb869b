// Every page, light and dark, has nothing that axe finds.

import { fine } from "./axe";
import { adminPassword, enter, expect, startSession, test, type Page } from "./test";

/** Opens a page, waits for what shows that it is all there, and looks it over. */
async function look(page: Page, path: string, ready: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(page.getByText(ready).first()).toBeVisible();
  await fine(page, path);
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
    await look(page, "/me", "Make an address");
    await page.getByRole("button", { name: "Make an address" }).click();
    await expect(page.getByText("It is shown only now.")).toBeVisible();
    await fine(page, "the address of a feed");
    const early = await visit({ phone: true, colorScheme, allow: /ERR_FAILED/, storageState: await page.context().storageState() });
    await early.route(/\.js$/, (route) => route.abort());
    await look(early, `/s/${session}`, "Connecting"); // before its script has come
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
    await look(page, `/teach/${course.id}/settings`, "Save");
    await page.getByLabel("Late begins").fill("3");
    await page.getByLabel("Judge them by these rules as well").check();
    await expect(page.getByText("No mark changes.")).toBeVisible();
    await fine(page, "rules for sessions that were held");
    await look(page, `/teach/${course.id}/joining`, "Make join links");
    await page.getByRole("button", { name: "Make join links" }).click();
    await expect(page.getByText("These links are shown only now.")).toBeVisible();
    await fine(page, "a course's links");
    await page.goto(`/teach/${course.id}`);

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
    await look(page, `/teach/${course.id}/reports`, "Week by week");
    await page.getByLabel("Every session").check();
    for (const table of await page.getByText("As a table").all()) await table.click();
    await fine(page, "a course's reports with every session");
    await look(page, "/teach/calendar", "Make an address");
    await look(page, "/teach/tokens", "What it may do");
    await look(page, `/display/${session}`, "Check-in is closed");
    await look(page, `/teach/${course.id}`, "Report");
    await look(page, `/teach/${course.id}/term`, "Lovelace, Ada");
    await page.getByRole("grid").press("Control+a");
    await fine(page, "the term with all selected");
    await page.getByRole("button", { name: "Note" }).click();
    await fine(page, "a note for the term");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Upload" }).click();
    const sheet = { name: "m.csv", mimeType: "text/csv", buffer: Buffer.from("name,mark\nAda Lovelace,P\nNobody,L\n") };
    await page.getByLabel("Session, if").selectOption({ index: 1 });
    await page.getByLabel("File", { exact: true }).setInputFiles(sheet);
    await expect(page.getByText("1 line is rejected")).toBeVisible();
    await fine(page, "a file of marks");
    await look(page, `/teach/${course.id}/excuses`, "Nobody is excused.");
    await page.getByRole("textbox", { name: "Who" }).fill("Lovelace\nnobody at all");
    await expect(page.getByText("2 lines have to be settled")).toBeVisible();
    await fine(page, "a pasted list");
    await look(page, `/kiosk/${session}`, "This session is closed.");
    await page.getByRole("button", { name: "Reader" }).click();
    await fine(page, "what a card reader types");
    const lost = await visit({ colorScheme, allow: /status of 404/, storageState: await page.context().storageState() });
    await look(lost, "/board/999999", "Go to my courses");
  });

  test(`a course's timetable is accessible (${colorScheme})`, async ({ course, visit }) => {
    const page = await visit({ colorScheme });
    await enter(page, course.teacher);
    await look(page, `/teach/${course.id}/timetable`, "Nothing is planned yet");
    await page.getByLabel("When does the course meet?").fill("Mon 10-11, weks 1");
    await expect(page.getByText("Did you mean")).toBeVisible();
    await fine(page, "a rule that is not understood");
    await page.getByLabel("When does the course meet?").fill("Mon and Wed 10:15–11:45 from 7.10.2030 until 25.10.2030");
    await page.getByRole("button", { name: "Plan 6 sessions" }).click();
    await page.getByRole("checkbox", { name: "All of the week" }).first().check();
    await fine(page, "a timetable with a selection");
    await page.getByRole("button", { name: "Move…" }).click();
    await expect(page.getByRole("dialog").getByText("moved to")).toHaveCount(2);
    await fine(page, "moving sessions");
    await page.getByRole("button", { name: "Close this window" }).click();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page.getByRole("button", { name: "Cancel 2 sessions" }).click();
    await expect(page.getByText("2 cancelled.")).toBeVisible();
    await fine(page, "cancelled sessions");
  });

  test(`an administrator's pages are accessible (${colorScheme})`, async ({ admin, course, visit }) => {
    const left = (await (await admin.post("/api/v1/people", { data: { family: "Abel", given: `Niels, ${colorScheme}` } })).json()) as {
      id: number;
    };
    expect((await admin.patch(`/api/v1/people/${left.id}`, { data: { active: false } })).ok()).toBe(true);
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
    await look(page, "/admin/reports", "All marks");
    await look(page, "/admin/tokens", "Make a token");
    const making = page.locator("details", { hasText: "Make a token" });
    await making.evaluate((details: HTMLDetailsElement) => (details.open = true)); // closed where there are tokens already
    await expect(page.getByText("What it may do")).toBeVisible();
    await fine(page, "making a token");
    await look(page, "/admin/statuses", "How marks are called");
    await page.getByLabel("Points").nth(1).fill("0.5");
    await expect(page.getByRole("region", { name: "What this changes" })).toBeVisible();
    await fine(page, "what other points would change");
    await page.getByRole("button", { name: "Add a set" }).click();
    await page.getByLabel("Name of the set").fill(`Labs, ${colorScheme}`);
    await page.getByRole("button", { name: "Add a status" }).click();
    await page.getByLabel("Name", { exact: true }).last().fill("Online");
    await fine(page, "a new set of statuses");
    await page.getByRole("button", { name: "Save" }).click();
    await expect(page.getByText(/^Saved/)).toBeVisible();
    await look(page, "/admin/people", "inactive");
    await page.getByRole("button", { name: "Add a person" }).click();
    await fine(page, "adding a person");
    await look(page, "/admin/duplicates", "Duplicates");
    await look(page, "/admin/changes", "13 changes");
    await look(page, "/admin/audit", "muster itself");
    await look(page, "/admin/jobs", "go on here");
    await look(page, "/admin/holidays", "Where the institution is");
    await look(page, "/admin/excuses", "Only from these courses");
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
  await look(page, `/teach/${course.id}/term`, "Lovelace, Ada");
  await look(page, `/teach/${course.id}/excuses`, "Nobody is excused.");
  await look(page, `/kiosk/${session}`, "Hold your card to the reader");
  await look(page, `/teach/${course.id}/reports`, "Week by week");
  await look(page, "/teach/tokens", "What it may do");
});
