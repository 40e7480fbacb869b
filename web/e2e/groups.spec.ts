// People who are given a name once: excused by it, and selected on the board by it.

import { atLeisure, enter, expect, startSession, test } from "./test";

test("a list becomes a group, is excused by its name, selected on the board, and taken back", async ({ course, visit }) => {
  const page = await visit();
  await enter(page, course.teacher);
  await page.goto(`/teach/${course.id}/excuses`);
  const who = page.getByRole("textbox", { name: "Who" });
  const { people } = (await (await page.request.get(`/api/v1/courses/${course.id}`)).json()) as {
    people: { family: string; given: string; role: string }[];
  };
  const team = people.filter((p) => p.role === "student").slice(0, 2);
  await who.fill(team.map((p) => `${p.given} ${p.family}`).join("\n"));
  await page.getByText("Groups", { exact: true }).click();
  await page.getByLabel("Name of a group").fill("Football team");
  await expect(page.getByRole("button", { name: "Save the group (2)" })).toBeEnabled(); // the list is settled
  await page.getByLabel("Name of a group").press("Enter");
  await expect(page.getByText("The group Football team is saved.")).toBeVisible();

  await page.reload();
  await page.getByLabel("Or a group").selectOption({ label: "Football team (2)" });
  await expect(who).toHaveValue(new RegExp(team[0]!.family));
  await page.getByRole("button", { name: "Excuse 2 people" }).press("Enter");
  await expect(page.getByText("2 people are excused.")).toBeVisible();

  const session = await startSession(page);
  expect(page.url()).toContain(`/board/${session}`);
  await page.getByLabel("Select a group").selectOption({ label: "Football team (2)" });
  await expect(page.getByText("2 selected")).toBeVisible();

  await page.goto(`/teach/${course.id}/excuses`);
  await page.getByText("Groups", { exact: true }).click();
  await atLeisure(page, async () => {
    await page.getByRole("button", { name: "Remove the group Football team" }).press("Enter");
    await expect(page.getByLabel("Or a group")).toHaveCount(0);
    await page.getByRole("button", { name: "Undo" }).press("Enter");
  });
  await expect(page.getByLabel("Or a group")).toBeVisible();
});
