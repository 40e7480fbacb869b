// The display that stays on in the room all term.

import { fine } from "./axe";
import { enter, expect, startSession, test } from "./test";

test("the display of a course shows whichever session is open, on a computer where nobody is signed in", async ({ course, visit }) => {
  const teacher = await visit({ permissions: ["clipboard-read", "clipboard-write"] });
  await enter(teacher, course.teacher);
  await teacher.goto(`/teach/${course.id}`);
  await teacher.getByRole("button", { name: "Copy a link for the room’s computer" }).click();
  await expect(teacher.getByText(/^Copied\. The link shows the codes of this course until/)).toBeVisible();
  const link = await teacher.evaluate(() => navigator.clipboard.readText());

  const room = await visit();
  await room.goto(link);
  await expect(room.getByText("No session is planned. The code appears here by itself.")).toBeVisible();
  await fine(room, "a course's display before the first session");
  expect(room.url()).not.toContain("#"); // the secret is not on the wall

  for (const after of [/^0 of 5/, /^1 of 5/]) {
    await teacher.goto(`/teach/${course.id}`);
    const session = await startSession(teacher);
    await expect(room.getByRole("img", { name: "QR code to check in" })).toBeVisible();
    const now = await teacher.request.get(`/api/v1/courses/${course.id}/display`);
    expect(((await now.json()) as { session: number }).session).toBe(session);
    const { id } = (
      (await (await teacher.request.get(`/api/v1/courses/${course.id}`)).json()) as { people: { id: number; role: string }[] }
    ).people.find((p) => p.role === "student")!;
    if (after.source.startsWith("^1")) {
      await teacher.request.post(`/api/v1/sessions/${session}/commands`, { data: { t: "mark", id: "m", marks: [[id, "present"]] } });
      await room.reload(); // in the morning, the room's computer is switched on again
    }
    await expect(room.getByRole("progressbar", { name: "Students here" })).toHaveAttribute("aria-valuenow", after.source[1]!);
    await teacher.getByRole("button", { name: "Close session" }).click();
    await teacher.getByRole("dialog").getByRole("button", { name: "Close session" }).click();
    await expect(room.getByText("Check-in is closed")).toBeVisible();
  }

  // The link has got around.
  await teacher.goto(`/teach/${course.id}`);
  await teacher.getByRole("button", { name: "End all links…" }).press("Enter");
  await fine(teacher, "ending the links to a display");
  await teacher.getByRole("dialog").getByRole("button", { name: "End all links" }).press("Enter");
  await expect(teacher.getByText("All links to this display have ended.")).toBeVisible();
  expect((await room.request.get(`/api/v1/courses/${course.id}/display`)).status()).toBe(401);
});
