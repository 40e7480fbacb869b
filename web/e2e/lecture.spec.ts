// A lecture from the first click to the report, as everyone in the room sees it.

import { readFile } from "node:fs/promises";
import { address, qr } from "../src/display/qr";
import { codesNow, enter, expect, scanAddress, startSession, test, type Page } from "./test";

const here = (page: Page, text: string) => expect(page.getByLabel("How many are here").getByText(text)).toBeVisible();
const count = (board: Page, words: string, n: number) =>
  expect(board.getByRole("button", { name: new RegExp(`^${n}\\s*${words}$`) })).toBeVisible();
const tile = (board: Page, family: string, mark: string) => board.getByRole("option", { name: new RegExp(`^${family}.*, ${mark}\\b`) });

test("a lecture, from the first click to the report", async ({ program, course, visit }) => {
  const [dijkstra, hamilton, liskov, lovelace, turing] = course.students;

  // Alan Turing has a password, and is not signed in on his phone.
  const atHome = await visit({ phone: true });
  await atHome.goto(turing!.link);
  await atHome.getByLabel("Username").fill("turing");
  await atHome.getByLabel("New password").fill("on computable numbers");
  await atHome.getByRole("button", { name: "Save and go on" }).click();
  await expect(atHome.getByRole("heading", { name: "Hello, Alan" })).toBeVisible();

  // The teacher starts, and opens the display in a window of its own.
  const board = await visit();
  await enter(board, course.teacher);
  await expect(board.getByRole("heading", { name: "My courses" })).toBeVisible();
  const session = await startSession(board);
  await count(board, "Not marked", 5);
  await expect(tile(board, "Lovelace", "Not marked")).toBeVisible();
  await board.locator("summary", { hasText: "Display" }).click();
  const opened = board.waitForEvent("popup");
  await board.getByRole("button", { name: "Open the display in a new window" }).click();
  const display = await opened;
  await expect(display.getByText("of 5 here")).toBeVisible();
  await expect(display.getByText(/^\d{6}$/)).toBeVisible();
  const drawn = display.getByRole("img", { name: "QR code to check in" }).locator("path");
  await expect
    .poll(async () => (await drawn.getAttribute("d")) === qr(address(program.url, session, (await codesNow(board, session)).qr)).path, {
      message: "the QR code on the display is the address for checking in",
    })
    .toBe(true);

  // Ada Lovelace scans.
  const ada = await visit({ phone: true });
  await enter(ada, lovelace!);
  await ada.goto(scanAddress(ada, session, (await codesNow(board, session)).qr));
  await expect(ada).toHaveURL(`/s/${session}`); // the ticket does not stay in the address
  await ada.getByRole("button", { name: "I'm here" }).click();
  await expect(ada.getByText("You're present")).toBeVisible();
  await expect(tile(board, "Lovelace", "Present")).toBeVisible();
  await here(ada, "1 of 5 here");

  // Edsger Dijkstra types the digits that he reads off the display.
  const edsger = await visit({ phone: true });
  await enter(edsger, dijkstra!);
  await edsger.getByRole("link", { name: /Check in/ }).click();
  await expect(edsger.getByText("Are you here?")).toBeVisible();
  await edsger.getByLabel("Type the six digits on the screen").fill(await display.getByText(/^\d{6}$/).innerText());
  await expect(edsger.getByText("You're present")).toBeVisible();
  await count(board, "Present", 2);
  await here(ada, "2 of 5 here");

  // Alan Turing scans before he signs in; the scan keeps until he has.
  const alan = await visit({ phone: true, allow: /status of 401|Authentication failed/ });
  await alan.goto(`${program.url}/C/${session}/${(await codesNow(board, session)).qr}`);
  await alan.getByLabel("Username").fill("turing");
  await alan.getByRole("textbox", { name: "Password" }).fill("on computable numbers");
  await alan.getByRole("button", { name: "Sign in" }).click();
  await expect(alan.getByText("You scanned the code")).toBeVisible();
  await alan.getByRole("button", { name: "I'm here" }).click();
  await expect(alan.getByText("You're present")).toBeVisible();
  await expect(display.getByRole("progressbar", { name: "Students here" })).toHaveAttribute("aria-valuenow", "3");

  // Barbara Liskov's phone loses the network after the scan.
  const barbara = await visit({ phone: true, allow: /ERR_INTERNET_DISCONNECTED/ });
  await enter(barbara, liskov!);
  await barbara.goto(scanAddress(barbara, session, (await codesNow(board, session)).qr));
  await expect(barbara.getByText("Live", { exact: true })).toBeVisible();
  await barbara.context().setOffline(true);
  await expect(barbara.getByText("Offline", { exact: true })).toBeVisible();
  await barbara.getByRole("button", { name: "I'm here" }).click();
  await expect(barbara.getByText("Saved on this phone")).toBeVisible();
  await count(board, "Present", 3);
  await barbara.context().setOffline(false);
  await expect(barbara.getByText("You're present")).toBeVisible();
  await expect(barbara.getByText("Your saved check-in has been sent.")).toBeVisible();
  await expect(tile(board, "Liskov", "Present")).toBeVisible();
  await here(ada, "4 of 5 here");

  // The teacher marks Margaret Hamilton by keyboard alone, and takes it back.
  await board.keyboard.type("hamil");
  await board.keyboard.press("Enter");
  await expect(tile(board, "Hamilton", "Not marked")).toBeFocused();
  await board.keyboard.press("e");
  await expect(tile(board, "Hamilton", "Excused")).toBeVisible();
  await count(board, "Excused", 1);
  await board.keyboard.press("Control+z");
  await expect(tile(board, "Hamilton", "Not marked")).toBeVisible();
  await count(board, "Excused", 0);

  // The end: who has not come is absent.
  const margaret = await visit({ phone: true });
  await enter(margaret, hamilton!);
  await margaret.getByRole("link", { name: /Check in/ }).click();
  await board.getByRole("button", { name: "Close session" }).click();
  const dialog = board.getByRole("dialog", { name: "Close this session?" });
  await expect(dialog.getByRole("radio", { name: "are marked absent" })).toBeChecked();
  await dialog.getByRole("button", { name: "Close session" }).click();
  await expect(display.getByText("4 of 5 were here")).toBeVisible();
  await expect(margaret.getByText("Marked absent")).toBeVisible();

  // The report, on the page and as a file.
  await board.getByRole("link", { name: "Report" }).click();
  const rows = board.getByRole("region", { name: "Marks" }).getByRole("row");
  await expect(rows).toHaveText([
    /Name/,
    /^Dijkstra, Edsger.*Present.*checked in/,
    /^Hamilton, Margaret.*Absent.*when closed/,
    /^Liskov, Barbara.*Present.*checked in/,
    /^Lovelace, Ada.*Present.*checked in/,
    /^Turing, Alan.*Present.*checked in/,
  ]);
  const download = board.waitForEvent("download");
  await board.getByRole("link", { name: "Download CSV" }).click();
  const lines = (await readFile(await (await download).path(), "utf8")).trim().split(/\r?\n/);
  expect(lines.map((line) => /present|absent/.exec(line)?.[0])).toEqual([undefined, "present", "absent", "present", "present", "present"]);

  // Everyone's own history.
  await ada.getByRole("link", { name: "My attendance" }).click();
  await expect(ada.getByText("1 present")).toBeVisible();
  await expect(ada.getByRole("listitem").filter({ hasText: "Present" })).toHaveCount(1);
  await margaret.getByRole("link", { name: "My attendance" }).click();
  await expect(margaret.getByText("1 absent")).toBeVisible();
  await expect(margaret.getByText(/Lovelace|Ada/)).toHaveCount(0);
});

test("without WebSockets everything works, only slower", async ({ course, visit }) => {
  const board = await visit({ blocked: true });
  await enter(board, course.teacher);
  const session = await startSession(board);
  await expect(board.getByText("WebSockets are blocked on this network")).toBeVisible();
  const display = await board.context().newPage();
  await display.goto(`/display/${session}`);
  await expect(display.getByText(/^\d{6}$/)).toBeVisible();

  const student = await visit({ phone: true, blocked: true });
  await enter(student, course.students[3]!);
  await student.goto(`/s/${session}`);
  await expect(student.getByText("Live, a little slower")).toBeVisible();
  await student.getByLabel("Type the six digits on the screen").fill(await display.getByText(/^\d{6}$/).innerText());
  await expect(student.getByText("You're present")).toBeVisible();
  await expect(tile(board, "Lovelace", "Present, connected")).toBeVisible();
  await expect(display.getByRole("progressbar", { name: "Students here" })).toHaveAttribute("aria-valuenow", "1");

  await tile(board, "Turing", "Not marked").click();
  await board.getByRole("button", { name: "Late" }).last().click();
  await count(board, "Late", 1);
  await here(student, "2 of 5 here");
  await board.getByRole("button", { name: "Close session" }).click();
  await board.getByRole("dialog").getByRole("button", { name: "Close session" }).click();
  await expect(display.getByText("2 of 5 were here")).toBeVisible();
});

test("a session is closed over a line that is there, and nobody seems to call off what was sent", async ({ course, visit }) => {
  const board = await visit({ allow: /ERR_INTERNET_DISCONNECTED/ });
  let lost = false; // what the board says does not arrive, and nobody has noticed yet
  await board.routeWebSocket(/\/live/, (ws) => {
    const server = ws.connectToServer();
    ws.onMessage((message) => {
      if (!lost) server.send(message);
    });
  });
  await enter(board, course.teacher);
  await startSession(board);
  await count(board, "Not marked", 5);
  await board.getByRole("button", { name: "Close session" }).click();
  const dialog = board.getByRole("dialog", { name: "Close this session?" });
  const [close, notYet] = [dialog.getByRole("button", { name: /Close session|Closing…/ }), dialog.getByRole("button", { name: "Not yet" })];

  await board.context().setOffline(true);
  await expect(dialog.getByText("You can close when the line is back.")).toBeVisible();
  await expect(close).toBeDisabled();
  await expect(notYet).toBeEnabled();
  await board.context().setOffline(false);
  await expect(close).toBeEnabled();

  await dialog.getByRole("checkbox", { name: /Lovelace/ }).check();
  lost = true;
  await close.click();
  await expect(close).toHaveText("Closing…");
  await expect(notYet).toBeDisabled();
  for (let i = 0; i < 3; i++) await board.keyboard.press("Escape");
  await expect(dialog).toBeVisible();
  await board.context().setOffline(true);
  await expect(dialog.getByText("The session closes when the line is back.")).toBeVisible();
  lost = false;
  await board.context().setOffline(false);
  await expect(dialog).toBeHidden();
  await count(board, "Absent", 4);
  await count(board, "Excused", 1);
});

test("everyone goes on by themselves after the server was killed", async ({ program, course, visit }) => {
  const allow = /ERR_CONNECTION|ERR_EMPTY|ERR_INCOMPLETE|WebSocket connection/;
  const board = await visit({ allow });
  await enter(board, course.teacher);
  const session = await startSession(board);
  const student = await visit({ phone: true, allow });
  await enter(student, course.students[0]!);
  await student.goto(scanAddress(student, session, (await codesNow(board, session)).qr));
  await expect(student.getByText("Live", { exact: true })).toBeVisible();

  await program.kill();
  await expect(student.getByText(/^(Reconnecting…|Offline)$/)).toBeVisible();
  await student.getByRole("button", { name: "I'm here" }).click();
  await expect(student.getByText("Saved on this phone")).toBeVisible();
  await expect(board.getByText(/What you see may be a little old|what you see may be old/)).toBeVisible();
  await program.restart();
  await expect(student.getByText("You're present")).toBeVisible();
  await expect(tile(board, "Dijkstra", "Present, connected")).toBeVisible();
});
