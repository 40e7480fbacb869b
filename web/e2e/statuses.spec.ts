// Statuses beside the four marks, from the board to those whom they are about.

import type { APIRequestContext } from "@playwright/test";

import { atLeisure, enter, expect, startSession, test } from "./test";

const labs = {
  name: "Labs",
  statuses: [
    { mark: "present", key: "online", name: "Online", letter: "O", points: 0.5, counts: "there" },
    { mark: "excused", key: "sport", name: "Sport", letter: "S", points: 0, counts: "out" },
    { mark: "late", key: "left_early", name: "Left early", letter: "X", points: 0.5, counts: "there" },
  ],
};

/** Makes the statuses of labs those of a course. */
async function chooseLabs(admin: APIRequestContext, course: number) {
  const made = (await (await admin.post("/api/v1/statuses", { data: labs })).json()) as { statuses: { id: number } };
  await admin.post(`/api/v1/courses/${course}/statuses`, { data: { status_set: made.statuses.id } });
}

test("who is on a pasted list is excused as a status", async ({ admin, course, visit }) => {
  await chooseLabs(admin, course.id);
  const teacher = await visit();
  await enter(teacher, course.teacher);
  const session = await startSession(teacher);
  await teacher.goto(`/teach/${course.id}/excuses`);
  await teacher.getByRole("textbox", { name: "Who" }).fill("Lovelace, Ada\nTuring, Alan");
  await teacher.getByLabel("Reason").fill("match");
  await teacher.getByLabel("As", { exact: true }).selectOption("Sport");
  await expect(teacher.getByText("2 marks become excused now")).toBeVisible();
  await teacher.getByRole("button", { name: "Excuse 2 people" }).click();
  await expect(teacher.getByText("Sport: match")).toBeVisible();
  await teacher.goto(`/board/${session}`);
  await expect(teacher.getByRole("option", { name: /^Lovelace.*Sport/ })).toBeVisible();
});

test("cards stand for the status that the reader at the door is set to", async ({ admin, course, visit }) => {
  await chooseLabs(admin, course.id);
  const teacher = await visit();
  await enter(teacher, course.teacher);
  const session = await startSession(teacher);
  const link = (await (await teacher.request.post(`/api/v1/sessions/${session}/kiosk-link`)).json()) as { url: string };
  const door = await visit();
  await door.goto(link.url);
  await door.getByRole("button", { name: "Reader" }).click();
  await door.getByLabel("Whose card is read is").selectOption("Online");
  await door.getByRole("button", { name: "Save" }).click();
  await expect(door.locator("header").getByText("Online")).toBeVisible();
  await atLeisure(door, async () => {
    await door.keyboard.type(`${course.code}-4`);
    await door.keyboard.press("Enter");
    await expect(door.getByText("Welcome. Online.")).toBeVisible();
  });
  await expect(teacher.getByRole("option", { name: /^Lovelace.*Online/ })).toBeVisible();
  await door.reload(); // this computer remembers it
  await door.getByRole("button", { name: "Reader" }).click();
  await expect(door.getByLabel("Whose card is read is")).toHaveValue("online");
});

for (const way of ["WebSockets", "no WebSockets"]) {
  test(`a student sees the status that a teacher gives, over ${way}`, async ({ admin, course, visit }) => {
    await chooseLabs(admin, course.id);
    const board = await visit();
    await enter(board, course.teacher);
    const session = await startSession(board);
    const ada = await visit({ phone: true, blocked: way !== "WebSockets" });
    await enter(ada, course.students[3]!);
    await ada.goto(`/s/${session}`);
    await expect(ada.getByText("Are you here?")).toBeVisible();
    await expect(ada.getByText(/^Live/)).toBeVisible();

    const lovelace = board.getByRole("option", { name: /^Lovelace/ });
    await expect(lovelace).toBeVisible();
    const mark = async (letter: string) => {
      await board.keyboard.type("lovel");
      await board.keyboard.press("Enter");
      await expect(lovelace).toBeFocused();
      await board.keyboard.press(letter);
    };
    for (const [letter, name] of [
      ["o", "Online"],
      ["x", "Left early"],
      ["o", "Online"],
    ] as const) {
      await mark(letter);
      await expect(ada.getByText(name, { exact: true })).toBeVisible();
    }
    await expect(ada.getByText("Set by your teacher")).toBeVisible();
    await mark("p"); // the mark itself
    await expect(ada.getByText("You're present")).toBeVisible();
    await mark("o");
    await expect(ada.getByText("Online", { exact: true })).toBeVisible();

    // The page says so before its script has come, and so does the history.
    const bare = await visit({ phone: true, javaScriptEnabled: false, storageState: await ada.context().storageState() });
    await bare.goto(`/s/${session}`);
    await expect(bare.getByText("Online", { exact: true })).toBeVisible();
    await ada.reload();
    await expect(ada.getByText("Online", { exact: true })).toBeVisible();
    await ada.getByRole("link", { name: "My attendance" }).click();
    await expect(ada.getByRole("listitem").filter({ hasText: "Online" })).toBeVisible();
  });
}
