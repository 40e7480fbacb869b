import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveClient } from "./client";
import type { BoardEvent, StudentSnapshot } from "./messages";
import { ada, after, delta, error, grace, phone, snapshot, storage } from "./testline";
import { eventStream, polling } from "./transports";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const ack = (id: string) => ({ t: "ack", id, from: 2, to: 2, mark: "present", at: 5, source: "code" }) as const;

test("a gap is filled by joining again with the last seq", async () => {
  const { line, lines, said } = phone();
  line().says(snapshot(7));
  await after(10_000);
  line().says(delta(8), delta(11));
  await after(0);
  expect([lines.length, lines[0]!.hungUp, line().resume.seq]).toEqual([2, true, 8]);
  line().says(delta(9, 11));
  expect(said.filter((s) => s.startsWith("delta"))).toEqual(["delta 8-8", "delta 9-11"]);
});

test("events that were applied are not applied again", () => {
  const event = (seq: number): BoardEvent => [seq, 0, "mark", ada, "present", "code", ada, ""];
  const applied: number[] = [];
  let says = (_: object) => {};
  const client = new LiveClient(
    { session: 42, audience: "board" },
    { snapshot() {}, delta: (d: object) => applied.push(...(d as { events: BoardEvent[] }).events.map(([seq]) => seq)) },
    {
      transports: [
        (_room, _resume, ears) => {
          says = ears.message as typeof says;
          return { command() {}, close() {} };
        },
      ],
      probe: async () => {},
      random: () => 0,
      storage: undefined,
      post: async () => error("busy"),
    },
  );
  client.start();
  says({ t: "snapshot", audience: "board", seq: 4, roster: 1, now: 0 });
  says({ t: "delta", from: 5, to: 6, events: [event(5), event(6)] });
  says({ t: "delta", from: 6, to: 8, events: [event(6), event(7), event(8)] });
  expect(applied).toEqual([5, 6, 7, 8]);
  client.stop();
});

test("a check-in does not wait for the first line", async () => {
  const posted: string[] = [];
  const { client, line } = phone({ post: async (_, id) => (posted.push(id), ack(id)) });
  const answer = client.send({ t: "check_in", code: "493018" }, "known");
  expect((await answer).mark).toBe("present");
  line().says(snapshot());
  expect([posted, line().sent]).toEqual([["known"], []]);
});

test("a check-in that got no answer beside the line goes over it, with its id", async () => {
  const { client, line } = phone();
  const answer = client.send({ t: "check_in", code: "493018" });
  await after(0);
  line().says(snapshot());
  const [sent] = line().sent;
  line().says(ack(sent!.id));
  expect((await answer).mark).toBe("present");
});

test("what was not acknowledged is sent again with its old id", async () => {
  const { client, line } = phone();
  line().says(snapshot());
  void client.send({ t: "check_in", code: "493018" });
  const first = line().sent;
  expect(first.length).toBe(1);
  line().breaks();
  await after(1000);
  expect(line().sent).toEqual([]);
  line().says(delta(2, 1));
  expect(line().sent).toEqual(first);
});

test("what the server was too busy for is sent again when it said", async () => {
  const { client, line } = phone();
  line().says(snapshot());
  const answer = client.send({ t: "check_in", code: "493018" });
  const { id } = line().sent[0]!;
  line().says(error("busy", 700, id));
  await after(700);
  expect(line().sent.map((s) => s.id)).toEqual([id, id]);
  line().says(ack(id));
  expect((await answer).mark).toBe("present");
});

test("a check-in made without a line survives a reload of the page", async () => {
  const kept = storage();
  const before = phone({ storage: kept });
  before.line().says(snapshot());
  before.line().breaks();
  void before.client.send({ t: "check_in", code: "493018" });
  before.client.stop();

  const { client, line } = phone({ storage: kept });
  line().says(snapshot());
  const { id, command } = line().sent[0]!;
  expect([id, command]).toEqual([client.kept!.id, { t: "check_in", code: "493018" }]);
  line().says(ack(id));
  expect((await client.kept!.answer).mark).toBe("present");
  expect(kept.size).toBe(0);
});

test("a check-in that somebody else made on this phone is not sent", async () => {
  const kept = storage();
  const before = phone({ storage: kept });
  before.line().says(snapshot(1, ada));
  before.line().breaks();
  void before.client.send({ t: "check_in", code: "493018" });
  before.client.stop();

  const { client, line } = phone({ storage: kept });
  const answer = expect(client.kept!.answer).rejects.toMatchObject({ code: "forbidden" });
  line().says(snapshot(1, grace));
  await answer;
  expect([line().sent, kept.size]).toEqual([[], 0]);
});

test("the answer to an older check-in leaves a newer one kept", async () => {
  const kept = storage();
  const { client, line } = phone({ storage: kept });
  line().says(snapshot());
  const older = expect(client.send({ t: "check_in", code: "111111" })).rejects.toMatchObject({ code: "code_old" });
  void client.send({ t: "check_in", code: "222222" });
  line().says(error("code_old", 0, line().sent[0]!.id));
  await older;
  expect(kept.size).toBe(1);
});

/** A client over Server-Sent Events; `stream` is the EventSource that it opened. */
function listener(fetch: (url: string, init?: RequestInit) => Promise<Response>) {
  const streams: { onmessage: (e: { data: string }) => void; closed: boolean }[] = [];
  vi.stubGlobal(
    "EventSource",
    class {
      onmessage = () => {};
      closed = false;
      constructor() {
        streams.push(this);
      }
      close() {
        this.closed = true;
      }
    },
  );
  vi.stubGlobal("fetch", fetch);
  const said: string[] = [];
  const client = new LiveClient<StudentSnapshot>(
    { session: 42, audience: "student" },
    { snapshot: () => {}, delta: (d) => void said.push(`delta ${d.from}-${d.to}`), status: (s) => void said.push(s) },
    { transports: [eventStream, polling], probe: async () => {}, random: () => 0.5, storage: undefined, post: async () => error("busy") },
  );
  client.start();
  return { client, streams, said, hears: (m: object) => streams.at(-1)!.onmessage({ data: JSON.stringify(m) }) };
}

test.each([
  ["does not arrive", () => Promise.reject(new TypeError("network"))],
  ["is answered by something in between", () => Promise.resolve(new Response("<h1>Bad gateway</h1>", { status: 502 }))],
])("a command whose request %s is sent again with its id, while the stream lives", async (_, fail) => {
  const ids: string[] = [];
  const { client, hears } = listener((url, init) => {
    if (!url.includes("/commands")) return Promise.resolve(Response.json(delta(2, 1)));
    ids.push((JSON.parse(String(init!.body)) as { id: string }).id);
    return ids.length === 1 ? fail() : Promise.resolve(Response.json(ack(ids[0]!)));
  });
  hears(snapshot());
  const answer = client.send({ t: "check_in", code: "493018" });
  await after(3000);
  expect((await answer).mark).toBe("present");
  expect(ids).toEqual([ids[0], ids[0]]);
  client.stop();
});

test("a stream that has gone silent is caught up with, and replaced when the server cannot be reached", async () => {
  let reachable = true;
  const { client, streams, said, hears } = listener(() =>
    reachable ? Promise.resolve(Response.json(delta(2))) : Promise.reject(new TypeError("network")),
  );
  hears(snapshot(1));
  await after(3000);
  expect(said).toContain("delta 2-2");
  reachable = false;
  await after(20_000);
  expect(said.at(-1)).toBe("reconnecting");
  expect(streams[0]!.closed).toBe(true);
  client.stop();
});
