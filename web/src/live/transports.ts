// Three ways to the server, best first. All carry the same messages; the client does
// not know which one it has.

import { Problem, offline } from "../api";
import type { Audience, Command, Failure, ServerMessage } from "./messages";

export interface Room {
  session: number;
  audience: Audience;
}

/** What a client that comes back has already. */
export interface Resume {
  seq?: number;
  roster?: number;
}

export interface Line {
  /** Sends a command; its ack or error comes as a message. */
  command(id: string, command: Command): void;
  /** Asks for a pong; undefined where the line shows by itself that it is dead. */
  ping?(n: number): void;
  close(): void;
}

/** What the client hears from a line: messages, then once that it is over. */
export interface Ears {
  message(m: ServerMessage): void;
  /** `code` is the WebSocket close code, 1006 when the line broke. */
  closed(code: number): void;
}

export type Transport = (room: Room, resume: Resume, ears: Ears) => Line;

const address = (room: Room, what: string) => `/api/v1/sessions/${room.session}/${what}`;

const query = (room: Room, resume: Resume) => {
  const q = new URLSearchParams({ audience: room.audience });
  if (resume.seq !== undefined) q.set("seq", String(resume.seq));
  if (resume.roster !== undefined) q.set("roster", String(resume.roster));
  return `?${q}`;
};

export const webSocket: Transport = (room, resume, ears) => {
  const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/v1/live`, "muster.v1");
  const say = (message: object) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
  socket.onopen = () => say({ t: "join", ...room, ...resume });
  socket.onmessage = (e) => ears.message(JSON.parse(String(e.data)) as ServerMessage);
  socket.onclose = (e) => ears.closed(e.code);
  return {
    command: (id, command) => void say({ ...command, id }),
    ping: (n) => void say({ t: "ping", n }),
    close: () => {
      socket.onclose = socket.onmessage = null;
      socket.close(1000);
    },
  };
};

/** Commands by HTTP, for the lines that only listen. */
async function post(room: Room, id: string, command: Command): Promise<ServerMessage | undefined> {
  try {
    const response = await fetch(address(room, "commands"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...command, id }),
    });
    const body = (await response.json()) as ServerMessage & { code?: string; detail?: string; retry_ms?: number };
    if (response.ok) return body;
    const failure: Failure = { t: "error", id, code: body.code ?? "internal", message: body.detail ?? "", retry_ms: body.retry_ms ?? 0 };
    return failure;
  } catch {
    return undefined; // not delivered: it is sent again when the line is back
  }
}

function poster(room: Room, ears: Ears): (id: string, command: Command) => void {
  return (id, command) => void post(room, id, command).then((answer) => answer && ears.message(answer));
}

export const eventStream: Transport = (room, resume, ears) => {
  const source = new EventSource(address(room, "live") + query(room, resume));
  const close = () => {
    source.onerror = source.onmessage = null;
    source.close();
  };
  source.onmessage = (e) => ears.message(JSON.parse(String(e.data)) as ServerMessage);
  source.onerror = () => {
    close(); // the browser would come back without the last seq
    ears.closed(1006);
  };
  return { command: poster(room, ears), close };
};

const pollEvery = 3000;

export const polling: Transport = (room, resume, ears) => {
  let over = false;
  const look = async () => {
    try {
      const m = (await readState(room, resume)) as ServerMessage & { seq?: number; roster?: number; to?: number };
      if (over) return;
      resume = { seq: m.seq ?? m.to, roster: m.roster ?? resume.roster };
      ears.message(m);
      setTimeout(() => void look(), pollEvery);
    } catch {
      if (!over) ears.closed(1006);
    }
  };
  void look();
  return { command: poster(room, ears), close: () => (over = true) };
};

/** The state by HTTP. It throws a Problem that says why it cannot be had. */
export async function readState(room: Room, resume: Resume = {}): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(address(room, "state") + query(room, resume));
  } catch {
    throw new Problem(0, offline, "The server cannot be reached.");
  }
  if (response.ok) return response.json();
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new Problem(response.status, body.code ?? "internal", body.detail ?? "The server cannot answer just now.");
}
