// What the tests of the live client stand on: lines that are moved by hand.

import { vi } from "vitest";
import { LiveClient, type World } from "./client";
import type { Command, Failure, ServerMessage, StateDelta, StudentSnapshot } from "./messages";
import type { Storage } from "./pending";
import type { Ears, Resume, Transport } from "./transports";

/** A line as the test sees it: what came over it, and the ears that hear it. */
export class TestLine {
  readonly kind: number;
  readonly resume: Resume;
  readonly sent: { id: string; command: Command }[] = [];
  hungUp = false;
  readonly #ears: Ears;

  constructor(kind: number, resume: Resume, ears: Ears) {
    this.kind = kind;
    this.resume = resume;
    this.#ears = ears;
  }

  says(...messages: ServerMessage[]): void {
    for (const m of messages) this.#ears.message(m);
  }

  breaks(code = 1006): void {
    this.#ears.closed(code);
  }
}

export const ada = 1007;
export const grace = 1008;

export const snapshot = (seq = 1, person = ada): StudentSnapshot => ({
  t: "snapshot",
  audience: "student",
  session: 42,
  seq,
  status: "open",
  opened: 1,
  closed: 0,
  title: "Week 7",
  course: { id: 5, code: "CS101", title: "Algorithms" },
  counts: [0, 0, 0, 0, 300],
  now: 0,
  you: [person, "unset", 0, ""],
});

export const delta = (from: number, to = from): StateDelta => ({
  t: "delta",
  from,
  to,
  status: "open",
  opened: 1,
  closed: 0,
  counts: [1, 0, 0, 0, 299],
});

export const error = (code: string, retry_ms = 0, id?: string): Failure => ({ t: "error", code, message: code, retry_ms, id });

export function storage(): Storage & { size: number } {
  const kept = new Map<string, string>();
  return {
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => void kept.set(key, value),
    removeItem: (key) => void kept.delete(key),
    get size() {
      return kept.size;
    },
  };
}

/** A student's client whose lines the test moves; `said` is what the page was told. */
export function phone(world: Partial<World> = {}) {
  const unanswered = () => Promise.resolve(error("busy"));
  const lines: TestLine[] = [];
  const said: string[] = [];
  const kind =
    (index: number): Transport =>
    (_, resume, ears) => {
      const line = new TestLine(index, resume, ears);
      lines.push(line);
      return {
        command: (id, command) => void line.sent.push({ id, command }),
        ping: (n) => line.says({ t: "pong", n, now: Date.now() }),
        close: () => void (line.hungUp = true),
      };
    };
  const client = new LiveClient<StudentSnapshot>(
    { session: 42, audience: "student" },
    {
      snapshot: (s) => void said.push(`snapshot ${s.seq}`),
      delta: (d) => void said.push(`delta ${d.from}-${d.to}`),
      status: (s) => void said.push(s),
      refused: (p) => void said.push(`refused ${p.code}`),
    },
    { transports: [kind(0), kind(1), kind(2)], probe: async () => {}, random: () => 0.5, storage: undefined, post: unanswered, ...world },
  );
  client.start();
  return { client, lines, said, line: () => lines.at(-1)! };
}

/** Lets time pass. */
export const after = (ms: number) => vi.advanceTimersByTimeAsync(ms);
