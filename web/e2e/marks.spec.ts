// Marks in bulk: excuses, the grid of a term, a card reader at the door.

import { atLeisure, enter, expect, startSession, test, type Page } from "./test";

const grid = (page: Page) => page.getByRole("grid", { name: "Marks of the term" });
/** The letters of a student's line. */
const line = async (page: Page, name: string) =>
  (await grid(page).getByRole("row", { name }).locator(".cell").allInnerTexts()).map((text) => text.trim()).join("");

test("a teacher edits the term like a spreadsheet, and takes it back", async ({ course, visit }) => {
  const teacher = await visit({ permissions: ["clipboard-read", "clipboard-write"] });
  await enter(teacher, course.teacher);
  for (const held of [false, true]) {
    await teacher.goto(`/teach/${course.id}`);
    await startSession(teacher);
    if (held) continue;
    await teacher.getByRole("button", { name: "Close session" }).click();
    await teacher.getByRole("dialog").getByRole("button", { name: "Close session" }).click();
    await expect(teacher.getByText("You can still change marks.")).toBeVisible();
  }
  await teacher.goto(`/teach/${course.id}`);
  await teacher.getByRole("link", { name: "Term" }).click();
  await expect(grid(teacher)).toBeVisible();
  await expect.poll(() => line(teacher, "Dijkstra")).toBe("A");

  // A mark by its letter, and then the same down and to the right.
  await grid(teacher).getByRole("row", { name: "Dijkstra" }).locator(".cell").first().click();
  await teacher.keyboard.press("p");
  await teacher.keyboard.press("Shift+ArrowDown");
  await teacher.keyboard.press("Shift+ArrowDown");
  await teacher.keyboard.press("Control+d");
  await teacher.keyboard.press("Shift+ArrowRight");
  await teacher.keyboard.press("Control+r");
  for (const name of ["Dijkstra", "Hamilton", "Liskov"]) await expect.poll(() => line(teacher, name)).toBe("PP");
  await expect(teacher.getByText("6 cells selected.")).toBeVisible();

  // Undo on the server, three steps of it, and one of them again.
  for (const want of ["P", "A"]) {
    await teacher.keyboard.press("Control+z");
    await expect.poll(() => line(teacher, "Hamilton")).toBe(want);
  }
  await teacher.keyboard.press("Control+y");
  await expect.poll(() => line(teacher, "Hamilton")).toBe("P");

  // From a spreadsheet, and to one.
  await grid(teacher).getByRole("row", { name: "Lovelace" }).locator(".cell").first().click();
  await teacher.evaluate(() => navigator.clipboard.writeText("late\tE\nx\tA\n"));
  await teacher.keyboard.press("Control+v");
  await expect.poll(() => line(teacher, "Lovelace")).toBe("LE");
  await expect.poll(() => line(teacher, "Turing")).toBe("AA");
  await expect(teacher.getByText("1 cell could not be read as a mark: “x”.")).toBeVisible();
  await teacher.keyboard.press("Control+c");
  await expect.poll(() => teacher.evaluate(() => navigator.clipboard.readText())).toBe("L\tE\r\nA\tA");
  await teacher.reload();
  await expect.poll(() => line(teacher, "Lovelace")).toBe("LE");

  // What others do in the session that is open comes by itself.
  const other = await visit();
  await enter(other, course.students[0]!); // a student sees none of it
  await other.goto(`/teach/${course.id}/term`);
  await expect(grid(other)).toBeHidden();
  const session = Number(
    (await (await teacher.request.get(`/api/v1/courses/${course.id}/grid`)).json()).sessions.find(
      (s: { status: string }) => s.status === "open",
    ).id,
  );
  const me = (await (await other.request.get("/api/v1/me")).json()) as { id: number };
  await teacher.request.post(`/api/v1/sessions/${session}/commands`, { data: { t: "mark", id: "m", marks: [[me.id, "late"]] } });
  await expect.poll(() => line(teacher, "Dijkstra")).toBe("PL");
});

test("marks come from a spreadsheet of the term, after a look at what they change", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  await startSession(teacher);
  await teacher.goto(`/teach/${course.id}/term`);
  await teacher.getByRole("button", { name: "Upload" }).click();
  const day = new Date().toISOString().slice(0, 10);
  const rows = `Name,${day}\n"Lovelace, Ada",L\nAlan Turing,a\nNobody,P\n`;
  const dialog = teacher.getByRole("dialog", { name: "Marks from a file" });
  await dialog.getByLabel("File", { exact: true }).setInputFiles({ name: "term.csv", mimeType: "text/csv", buffer: Buffer.from(rows) });
  await expect(dialog.getByText("2 new marks, 0 changes, 0 taken away")).toBeVisible();
  await expect(dialog.getByText("There is no such student in this course.")).toBeVisible();
  await expect(dialog.getByRole("button", { name: "Change 2 marks" })).toBeDisabled();
  await dialog.getByLabel("Take the others").check();
  await dialog.getByRole("button", { name: "Change 2 marks" }).click();
  await expect.poll(() => line(teacher, "Lovelace")).toBe("L");
  await expect.poll(() => line(teacher, "Turing")).toBe("A");
  await teacher.getByRole("button", { name: "Undo" }).first().click();
  await expect.poll(() => line(teacher, "Lovelace")).toBe("");
});

test("who is on a pasted list is excused, from what was held and from what is to come", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  const session = await startSession(teacher);
  await teacher.goto(`/teach/${course.id}/excuses`);
  await teacher.getByRole("textbox", { name: "Who" }).fill(`Lovelace, Ada\n${course.code}-5\nLyskov Barbara\nSomebody Else`);
  await expect(teacher.getByText("2 found. 2 lines have to be settled:")).toBeVisible();
  await expect(teacher.getByRole("button", { name: "Excuse", exact: true })).toBeDisabled();
  await teacher.getByLabel("Lyskov Barbara").selectOption({ label: `Liskov, Barbara (${course.code}-3)` });
  await teacher.getByLabel("Somebody Else").selectOption("Leave out");
  await teacher.getByLabel("Reason").fill("team away");
  await expect(teacher.getByText("3 marks become excused now")).toBeVisible();
  await teacher.getByRole("button", { name: "Excuse 3 people" }).click();
  await expect(teacher.getByText("3 people are excused. 3 marks were changed.")).toBeVisible();

  await teacher.goto(`/board/${session}`);
  await expect(teacher.getByRole("option", { name: /^Lovelace.*[Ee]xcused/ })).toBeVisible();
  await teacher.getByRole("button", { name: "Close session" }).click();
  await teacher.getByRole("dialog").getByRole("button", { name: "Close session" }).click();
  await expect(teacher.getByText("You can still change marks.")).toBeVisible();

  await teacher.goto(`/teach/${course.id}`);
  await startSession(teacher); // the next one has them excused from the start
  await expect(teacher.getByRole("option", { name: /^Turing.*[Ee]xcused/ })).toBeVisible();

  await teacher.goto(`/teach/${course.id}/excuses`);
  await expect(teacher.getByText("3 people; 6 marks in 2 sessions")).toBeVisible();
  await teacher.getByRole("button", { name: /^Withdraw team away/ }).click();
  await expect(teacher.getByText("3 excuses are withdrawn. 6 marks were taken back.")).toBeVisible();
  await expect(teacher.getByText("Nobody is excused.")).toBeVisible();
  await teacher.goto(`/report/${session}`);
  await expect(teacher.getByRole("row", { name: /Lovelace.*Absent/ })).toBeVisible();
});

test("rules are changed in mid-term, after a look at what that changes", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  const session = await startSession(teacher);
  await teacher.request.post(`/api/v1/sessions/${session}/cards`, { data: { id: "k", card: `${course.code}-4` } });
  await expect(teacher.getByRole("option", { name: /^Lovelace.*[Pp]resent/ })).toBeVisible();
  await teacher.goto(`/teach/${course.id}/settings`);
  await teacher.getByLabel("Late begins").fill("0");
  await teacher.getByLabel("Judge them by these rules as well").check();
  await expect(teacher.getByText("1 become late: 1 student in 1 session.")).toBeVisible();
  await teacher.getByRole("button", { name: "Save settings" }).click();
  await expect(teacher.getByText("The settings are saved, and marks follow.")).toBeVisible();
  await teacher.goto(`/teach/${course.id}/term`);
  await expect.poll(() => line(teacher, "Lovelace")).toBe("L");
});

test("a card reader at the door checks students in, and keeps their cards while the line is down", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  const session = await startSession(teacher);
  const link = (await (await teacher.request.post(`/api/v1/sessions/${session}/kiosk-link`)).json()) as { url: string };

  const door = await visit({ allow: /status of 422|ERR_INTERNET_DISCONNECTED/ }); // nobody is signed in here
  await door.goto(link.url);
  await expect(door.getByText("Hold your card to the reader")).toBeVisible();
  const read = async (...cards: string[]) => {
    for (const card of cards) {
      await door.keyboard.type(card);
      await door.keyboard.press("Enter");
    }
  };
  await atLeisure(door, async () => {
    await read(`${course.code}-4`);
    await expect(door.getByText("Ada L.")).toBeVisible();
    await expect(door.getByText("Welcome, you are present.")).toBeVisible();
  });
  await expect(teacher.getByRole("option", { name: /^Lovelace.*[Pp]resent/ })).toBeVisible();
  await atLeisure(door, async () => {
    await read("4711");
    await expect(door.getByText("No student of this course has this card.")).toBeVisible();
  });

  await door.context().setOffline(true);
  await read(`${course.code}-1`, `${course.code}-2`, `${course.code}-3`);
  await expect(door.getByText("3 waiting").first()).toBeVisible();
  await expect(door.getByText("The line is down. Cards are kept on this device")).toBeVisible();
  await door.context().setOffline(false);
  for (const name of ["Dijkstra", "Hamilton", "Liskov"]) {
    await expect(teacher.getByRole("option", { name: new RegExp(`^${name}.*[Pp]resent`) })).toBeVisible();
  }
  await expect(door.getByText("waiting")).toBeHidden();
});

test("a card reader at the door goes on while the server is started anew, and says when its link is dead", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  const session = await startSession(teacher);
  const link = (await (await teacher.request.post(`/api/v1/sessions/${session}/kiosk-link`)).json()) as { url: string };
  const door = await visit({ allow: /status of (502|401)/ });
  let answer = { status: 502, body: "Bad Gateway" };
  let looks = 0;
  await door.route("**/kiosk", async (route) => {
    await route.fulfill(answer);
    looks++;
  });
  await door.clock.install();
  await door.goto(link.url);
  await expect.poll(() => looks).toBe(1);
  await atLeisure(door, async () => {
    await door.keyboard.type(`${course.code}-4`);
    await door.keyboard.press("Enter");
    await expect(door.getByText("Welcome, you are present.")).toBeVisible();
  });
  answer = { status: 401, body: JSON.stringify({ code: "not_signed_in", detail: "You are not signed in." }) };
  await door.clock.fastForward(15_000);
  await expect(door.getByText("This link does not work any more.")).toBeVisible();
});

test("a sheet that is dropped on the term is looked at, and applied by one click", async ({ course, visit }) => {
  const teacher = await visit();
  await enter(teacher, course.teacher);
  await startSession(teacher);
  await teacher.goto(`/teach/${course.id}/term`);
  await expect(grid(teacher)).toBeVisible();
  const today = new Date().toISOString().slice(0, 10);
  const list = `Student ID,Name,Date,What,Reason\n${course.code}-4,Ada Lovelace,${today},excused,ill\n${course.code}-5,Alan Turing,${today},late,bus\n`;
  const files = await teacher.evaluateHandle((text) => {
    const held = new DataTransfer();
    held.items.add(new File([text], "week 1.csv", { type: "text/csv" }));
    return held;
  }, list);
  await teacher.dispatchEvent("body", "dragover", { dataTransfer: files });
  await expect(teacher.getByText("Drop a sheet of marks")).toBeVisible();
  await teacher.dispatchEvent("body", "drop", { dataTransfer: files });
  await teacher.getByRole("button", { name: "Change 2 marks" }).click();
  await expect(teacher.getByText("2 marks changed from week 1.csv.")).toBeVisible();
  await expect.poll(() => line(teacher, "Lovelace")).toBe("E");
  await expect.poll(() => line(teacher, "Turing")).toBe("L");
});
