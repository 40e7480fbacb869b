// A student's page before its script has come, or where none ever does.

import { codesNow, enter, expect, scanAddress, startSession, test, type Page } from "./test";

/** What a page says to its reader, apart from how the line is and where a time of day is. */
const says = async (page: Page) =>
  (await page.locator("#main").innerText())
    .replace(/^(Live|Connecting)$/gm, "")
    .replace(/\n.* at \d+:\d+.*/g, "")
    .replace(/\s+/g, " ")
    .trim();

/** What a page has sent: the ids of check-ins, each as often as it was sent. */
function checkIns(page: Page): string[] {
  const sent: string[] = [];
  const note = (text: string) => {
    const { t, id } = JSON.parse(text) as { t: string; id: string };
    if (t === "check_in") sent.push(id);
  };
  page.on("websocket", (ws) => ws.on("framesent", ({ payload }) => note(String(payload))));
  page.on("request", (r) => r.url().endsWith("/commands") && note(r.postData()!));
  return sent;
}

/** Keeps a page's scripts back until the function that it returns is called. */
async function withoutScripts(page: Page): Promise<() => void> {
  let go = () => {};
  const scripts = new Promise<void>((done) => (go = done));
  await page.route(/\.js$/, (route) => scripts.then(() => route.continue()));
  return go;
}

test("a scan checks in without any script", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);

  const student = await visit({ phone: true });
  await enter(student, course.students[0]!);
  const bare = await visit({ phone: true, javaScriptEnabled: false, storageState: await student.context().storageState() });
  await bare.goto(scanAddress(student, session, (await codesNow(board, session)).qr));
  await bare.getByRole("button", { name: "I'm here" }).tap();
  await expect(bare.getByText("You're present")).toBeVisible();
  await expect(bare.getByText("1 of 5 here")).toBeVisible();
  await expect(bare).toHaveURL(`/s/${session}`);
});

test("the page says the same before its script has come", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true });
  await enter(student, course.students[1]!);
  const bare = await visit({ phone: true, javaScriptEnabled: false, storageState: await student.context().storageState() });
  const { id } = (await (await student.request.get("/api/v1/me")).json()) as { id: number };
  const command = async (data: object) => {
    const answer = await board.request.post(`/api/v1/sessions/${session}/commands`, { data });
    expect(answer.ok(), await answer.text()).toBe(true);
  };
  const same = async (words: string) => {
    for (const page of [student, bare]) {
      await page.goto(`/s/${session}`);
      await expect(page.getByText(words)).toBeVisible();
    }
    await expect(student.getByText("Live", { exact: true })).toBeVisible();
    expect(await says(bare)).toBe(await says(student));
  };

  await same("Are you here?");
  for (const [mark, words] of [
    ["present", "You're present"],
    ["late", "You're late, but here"],
    ["absent", "Marked absent"],
    ["excused", "You're excused"],
  ] as const) {
    await command({ t: "mark", id: mark, marks: [[id, mark]] });
    await same(words);
  }
  await command({ t: "mark", id: "unset", marks: [[id, "unset"]] });
  await command({ t: "close", id: "close" });
  await same("Marked absent");
});

test("digits that were typed before the script had come are not lost", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true });
  await enter(student, course.students[2]!);
  const go = await withoutScripts(student);
  await student.goto(`/s/${session}`, { waitUntil: "commit" });
  const { digits } = await codesNow(board, session);
  const field = student.getByLabel("Type the six digits on the screen");
  await field.pressSequentially(digits.slice(0, 4));
  go();
  await expect(student.getByText("Live", { exact: true })).toBeVisible();
  await expect(field).toHaveValue(digits.slice(0, 4));
  await student.keyboard.type(digits.slice(4));
  await expect(student.getByText("You're present")).toBeVisible();
});

test("a wrong code that was typed before the script had come is sent once", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true, allow: /status of 4\d\d/ });
  await enter(student, course.students[2]!);
  const sent = checkIns(student);
  const go = await withoutScripts(student);
  await student.goto(`/s/${session}`, { waitUntil: "commit" });
  const { digits } = await codesNow(board, session);
  const field = student.getByLabel("Type the six digits on the screen");
  await field.pressSequentially(digits === "000000" ? "111111" : "000000");
  go();
  await expect(student.getByText("That code is not right.")).toBeVisible();
  await expect(field).toHaveValue("");
  await field.pressSequentially(digits);
  await expect(student.getByText("You're present")).toBeVisible();
  expect(new Set(sent).size).toBe(2);
});

test("a tap before the script has come is answered in the same page, and sent once", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true });
  await enter(student, course.students[0]!);
  const sent = checkIns(student);
  const go = await withoutScripts(student);
  await student.goto(scanAddress(student, session, (await codesNow(board, session)).qr), { waitUntil: "commit" });
  const button = student.getByRole("button", { name: "I'm here" });
  await student.evaluate(() => Object.assign(window, { stayed: true }));
  await button.tap();
  await expect(student.getByText("You're present")).toBeVisible();
  await expect(button).toBeHidden();
  expect(await student.evaluate(() => "stayed" in window)).toBe(true);
  go();
  await expect(student.getByText("Live", { exact: true })).toBeVisible();
  await expect(student.getByText(/^Checked in at/)).toBeVisible();
  expect(sent).toHaveLength(1);

  // The ticket is spent, and so is the id under which it was sent.
  const { id } = (await (await student.request.get("/api/v1/me")).json()) as { id: number };
  const unmark = { t: "mark", id: "again", marks: [[id, "unset"]] };
  expect((await board.request.post(`/api/v1/sessions/${session}/commands`, { data: unmark })).ok()).toBe(true);
  await expect(student.getByText("0 of 5 here")).toBeVisible();
  await student.getByLabel("Type the six digits on the screen").fill((await codesNow(board, session)).digits);
  await expect(student.getByText("1 of 5 here")).toBeVisible();
  await expect(student.getByText("You're present")).toBeVisible();
});

test("a script that comes while a tap is under way sees to it, and it counts once", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true });
  await enter(student, course.students[1]!);
  const sent = checkIns(student);
  const go = await withoutScripts(student);
  await student.route(/\/commands$/, () => {}); // is never answered
  await student.goto(scanAddress(student, session, (await codesNow(board, session)).qr), { waitUntil: "commit" });
  await student.getByRole("button", { name: "I'm here" }).tap();
  await expect(student.getByText("Checking you in…")).toBeVisible();
  go();
  await expect(student.getByText("You're present")).toBeVisible();
  expect(sent.length).toBeGreaterThan(1);
  expect(new Set(sent).size).toBe(1);
});

test("a tap that is answered after the script has come, but before the line, is answered in the same page", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true });
  await enter(student, course.students[3]!);
  const sent = checkIns(student);
  const go = await withoutScripts(student);
  let answer = () => {};
  const answered = new Promise<void>((done) => (answer = done));
  await student.route(/\/commands$/, (route) => answered.then(() => route.continue()));
  let connect = () => {};
  const line = new Promise<void>((done) => (connect = done));
  await student.routeWebSocket(/\/live/, (ws) => line.then(() => void ws.connectToServer()));
  await student.goto(scanAddress(student, session, (await codesNow(board, session)).qr), { waitUntil: "commit" });
  await student.getByRole("button", { name: "I'm here" }).tap();
  go();
  await expect(student).toHaveURL(`/s/${session}`); // the script is there
  await expect(student.getByText("Checking you in…")).toBeVisible();
  answer();
  await expect(student.getByText("You're present")).toBeVisible();
  await student.evaluate(() => dispatchEvent(new Event("offline")));
  await expect(student.getByText(/^Checked in at/)).toBeVisible(); // and no less is known without a line
  connect();
  await student.evaluate(() => dispatchEvent(new Event("online")));
  await expect(student.getByText("Live", { exact: true })).toBeVisible();
  await expect(student.getByText(/^Checked in at/)).toBeVisible();
  expect(sent).toHaveLength(1);
});

test("before the script has come, what is refused is explained, and what is lost can be tried again", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true, allow: /status of 4\d\d|ERR_FAILED/ });
  await enter(student, course.students[2]!);
  await withoutScripts(student);
  let lost = true;
  await student.route(/\/commands$/, (route) => (lost ? route.abort() : route.continue()));
  await student.goto(`/s/${session}`, { waitUntil: "commit" });
  const { digits } = await codesNow(board, session);
  const field = student.getByLabel("Type the six digits on the screen");
  const button = student.getByRole("button", { name: "Check in" });
  await field.fill(digits === "000000" ? "111111" : "000 000");
  await button.tap();
  await expect(student.getByText("That did not get through. Try again.")).toBeVisible();
  lost = false;
  await button.tap();
  await expect(student.getByRole("alert")).toHaveText(/not the code of this session/);
  await field.fill(digits);
  await button.tap();
  await expect(student.getByText("You're present")).toBeVisible();
  await expect(student.getByRole("alert")).toHaveCount(0);
});

test("a tap before the line is there is sent by the script, which takes no button from under a finger", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true });
  await enter(student, course.students[3]!);
  let go = () => {};
  const line = new Promise<void>((done) => (go = done));
  let joined = false;
  await student.routeWebSocket(/\/live/, async (ws) => {
    await line;
    const server = ws.connectToServer();
    server.onMessage((message) => {
      ws.send(message);
      joined = true;
    });
  });
  await student.goto(scanAddress(student, session, (await codesNow(board, session)).qr));
  await expect(student).toHaveURL(`/s/${session}`); // the script is there
  await student.evaluate(() => Object.assign(window, { stayed: true }));
  const written = student.locator("form[method=post]");
  const button = written.getByRole("button", { name: "I'm here" });
  await button.dispatchEvent("pointerdown");
  go();
  await expect.poll(() => joined).toBe(true);
  await student.evaluate(() => new Promise((next) => requestAnimationFrame(() => setTimeout(next))));
  await expect(button).toBeVisible();
  await button.click();
  await expect(student.getByText("You're present")).toBeVisible();
  await expect(written).toBeHidden();
  expect(await student.evaluate(() => "stayed" in window)).toBe(true);
});

test("an excused student who comes is told why a code is refused, and is not asked again when rules change", async ({ course, visit }) => {
  const board = await visit();
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true, allow: /status of 4\d\d/ });
  await enter(student, course.students[4]!);
  const { id } = (await (await student.request.get("/api/v1/me")).json()) as { id: number };
  const post = async (path: string, data: object) => {
    const answer = await board.request.post(`/api/v1/${path}`, { data });
    expect(answer.ok(), await answer.text()).toBe(true);
  };
  await post(`sessions/${session}/commands`, { t: "mark", id: "ill", marks: [[id, "excused"]] });
  await student.goto(`/s/${session}`);
  await expect(student.getByText("Live", { exact: true })).toBeVisible();
  await expect(student.getByText("You're excused")).toBeVisible();
  const field = student.getByLabel("Type the six digits on the screen");
  const { digits } = await codesNow(board, session);
  await field.fill(digits === "000000" ? "111111" : "000000");
  await expect(student.getByText("That code is not right.")).toBeVisible();
  await field.fill(digits);
  await expect(student.getByText("You're present")).toBeVisible();

  await post(`courses/${course.id}/rules`, { late_after: 0, since: Date.now() - 3_600_000 });
  await expect(student.getByText("You're late, but here")).toBeVisible();
  await expect(student.getByText(/^By the course's rules, which were changed at \d+:\d+/)).toBeVisible();
  await expect(field).toBeHidden();
});
