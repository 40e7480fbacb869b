// What becomes of codes that are not the one on the screen.

import { codesNow, enter, expect, scanAddress, startSession, test } from "./test";

/** A browser notes a refusal that came by HTTP: so it does when a check-in was sent before the line was there. */
const refused = /status of 4\d\d/;

test("a wrong code, an old code and an old scan are refused with what to do next", async ({ admin, course, visit }) => {
  const rules = await admin.patch(`/api/v1/courses/${course.id}`, { data: { code_step_ms: 5000, code_grace: 0 } });
  expect(rules.ok(), await rules.text()).toBe(true);
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);

  const student = await visit({ phone: true, allow: refused });
  await enter(student, course.students[0]!);
  await student.goto(`/s/${session}`);
  const digits = student.getByLabel("Type the six digits on the screen");
  const old = await codesNow(board, session);
  const next = String((Number(old.digits) + 1) % 1_000_000).padStart(6, "0");

  await digits.fill(next);
  await expect(student.getByRole("alert")).toHaveText(/not right.*try again/);
  await expect.poll(async () => (await codesNow(board, session)).digits, { intervals: [200] }).not.toBe(old.digits);
  await digits.fill(old.digits);
  await expect(student.getByRole("alert")).toHaveText(/has run out/);
  await student.goto(scanAddress(student, session, old.qr));
  await expect(student.getByRole("alert")).toHaveText(/has run out/);
  await expect(student.getByText("0 of 5 here")).toBeVisible();

  // A new one, for which there is time, and all is well.
  expect((await admin.patch(`/api/v1/courses/${course.id}`, { data: { code_step_ms: 20_000, code_grace: 10 } })).ok()).toBe(true);
  await digits.fill((await codesNow(board, session)).digits);
  await expect(student.getByText("You're present")).toBeVisible();
});

test("a scan checks one person in, not a second one", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const [first, second] = [await visit({ phone: true }), await visit({ phone: true, allow: refused })];
  await enter(first, course.students[0]!);
  await enter(second, course.students[1]!);

  const { qr } = await codesNow(board, session);
  const scanned = await first.request.post("/api/v1/scan", { data: { session, code: qr } });
  const withTicket = `/s/${session}#ticket=${((await scanned.json()) as { ticket: string }).ticket}`;
  await first.goto(withTicket);
  await first.getByRole("button", { name: "I'm here" }).click();
  await expect(first.getByText("You're present")).toBeVisible();
  await second.goto(withTicket); // sent on by a friend
  await second.getByRole("button", { name: "I'm here" }).click();
  await expect(second.getByRole("alert")).toHaveText(/already checked somebody in/);
  await expect(second.getByText("1 of 5 here")).toBeVisible();
});

test("who is not in the course, or not signed in, sees nothing of the session", async ({ program, course, admin, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);

  const stranger = await visit({ allow: /status of 40[134]|Authentication failed/ });
  await stranger.goto(`/board/${session}`);
  await expect(stranger).toHaveURL(/\/signin\?next=/);
  const added = await admin.post("/api/v1/people", { data: { given: "Eve", family: "Dropper", username: `eve${session}` } });
  const { id } = (await added.json()) as { id: number };
  const { url } = (await (await admin.post(`/api/v1/people/${id}/join-link`)).json()) as { url: string };
  await enter(stranger, { family: "Dropper", link: url });
  for (const [page, words] of [
    ["board", "There is no such session, or it is not yours to see."],
    ["display", "This display can't be shown"],
    ["report", "There is no such session, or it is not yours to see."],
    ["s", "You're not in this course"],
  ] as const) {
    await stranger.goto(`${program.url}/${page}/${session}`);
    await expect(stranger.getByText(words)).toBeVisible();
    await expect(stranger.getByText(/Lovelace/)).toHaveCount(0);
  }
});
