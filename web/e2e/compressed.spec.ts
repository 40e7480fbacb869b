// A board whose state a real browser is sent compressed, as it is from some twenty students on.

import { enter, expect, startSession, test } from "./test";

test("a large board is sent compressed, and what it says is understood", async ({ program, course, visit }) => {
  const students = Array.from({ length: 120 }, (_, i) => `${course.code}-more-${i},Family${i},Given${i},student`);
  await program.import(course.code, ["ref,family,given,role", ...students].join("\n"));
  const board = await visit();
  await enter(board, course.teacher);
  // What goes over the line is told by the browser's debugger alone: to the page, all is text.
  const browser = await board.context().newCDPSession(board);
  await browser.send("Network.enable");
  const agreed: string[] = [];
  browser.on("Network.webSocketHandshakeResponseReceived", ({ response }) => {
    agreed.push(Object.entries(response.headers).find(([name]) => /^sec-websocket-extensions$/i.test(name))?.[1] ?? "nothing");
  });
  const session = await startSession(board);
  await expect(board.getByRole("option")).toHaveCount(125);
  expect(agreed).toEqual(agreed.map(() => "permessage-deflate; server_no_context_takeover; client_no_context_takeover"));
  expect(agreed.length).toBeGreaterThan(0);

  // The browser compresses all it says: a mark by hand arrives, and is there for who comes next.
  const one = board.getByRole("option", { name: /^Family7, / });
  await one.click();
  await board.keyboard.press("p");
  await expect(board.getByRole("option", { name: /^Family7\b.*, Present\b/ })).toBeVisible();
  await board.reload();
  await expect(board.getByRole("option", { name: /^Family7\b.*, Present\b/ })).toBeVisible();
  expect((await (await board.request.get(`/api/v1/sessions/${session}/state?audience=board`)).json()).counts[0]).toBe(1);
});
