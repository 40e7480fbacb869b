// Three ways to the server, best first. All carry the same messages; the client does
// not know which one it has.

import { Problem, offline } from "../api";
import type { Audience, Command, ServerMessage } from "./messages";

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
  /** Asks for a pong; undefined where the line asks by itself and so shows that it is dead. */
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

const answerWithin = 8000;

/** Where one is after a message. */
function reached(m: ServerMessage, before: Resume): Resume {
  if (m.t === "snapshot") return { seq: m.seq, roster: m.audience === "board" ? m.roster : undefined };
  return m.t === "delta" ? { ...before, seq: m.to } : before;
}

const query = (room: Room, resume: Resume) => {
  const q = new URLSearchParams({ audience: room.audience });
  if (resume.seq !== undefined) q.set("seq", String(resume.seq));
  if (resume.roster !== undefined) q.set("roster", String(resume.roster));
  return `?${q}`;
};

export const webSocket: Transport = (room, resume, ears) => {
  const to = location.origin.replace("http", "ws") + address(room, "live") + query(room, resume);
  const socket = new WebSocket(to, "muster.v1");
  const say = (message: object) => socket.readyState === WebSocket.OPEN && socket.send(JSON.stringify(message));
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

/** A request that is given up when no answer comes. */
async function request(url: string, init: RequestInit = {}): Promise<Response> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), answerWithin);
  try {
    return await fetch(url, { ...init, signal: giveUp.signal });
  } finally {
    clearTimeout(timer);
  }
}

/** Commands by HTTP, for the lines that only listen. */
export async function post(room: Room, id: string, command: Command): Promise<ServerMessage> {
  try {
    const response = await request(address(room, "commands"), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ ...command, id }),
    });
    const body = (await response.json()) as ServerMessage & { code?: string; detail?: string; field?: string; retry_ms?: number };
    if (response.ok) return body;
    if (body.code) return { t: "error", id, code: body.code, message: body.detail ?? "", field: body.field, retry_ms: body.retry_ms };
  } catch {
    // Lost on the way, or answered by something in between.
  }
  return { t: "error", id, code: "busy", message: "The server did not answer." };
}

function poster(room: Room, ears: Ears): (id: string, command: Command) => void {
  return (id, command) => void post(room, id, command).then(ears.message);
}

export const eventStream: Transport = (room, resume, ears) => {
  const source = new EventSource(address(room, "live") + query(room, resume));
  const close = () => {
    source.onerror = source.onmessage = null;
    source.close();
  };
  const hear = (m: ServerMessage) => {
    resume = reached(m, resume);
    ears.message(m);
  };
  const lost = () => {
    close(); // the browser would come back without the last seq
    ears.closed(1006);
  };
  source.onmessage = (e) => hear(JSON.parse(String(e.data)) as ServerMessage);
  source.onerror = lost;
  return {
    command: poster(room, ears),
    // A stream that died unnoticed looks like a quiet one: the state by HTTP brings what it would have missed.
    ping: (n) =>
      void readState(room, resume).then((m) => {
        hear(m);
        ears.message({ t: "pong", n });
      }, lost),
    close,
  };
};

const pollEvery = 3000;

export const polling: Transport = (room, resume, ears) => {
  let over = false;
  const look = async () => {
    try {
      const m = await readState(room, resume);
      if (over) return;
      resume = reached(m, resume);
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
export async function readState(room: Room, resume: Resume = {}): Promise<ServerMessage> {
  let response: Response;
  try {
    response = await request(address(room, "state") + query(room, resume));
  } catch {
    throw new Problem(0, offline, "The server cannot be reached.");
  }
  const body = (await response.json().catch(() => ({}))) as { t?: string; code?: string; detail?: string; retry_ms?: number };
  if (response.ok && body.t) return body as ServerMessage;
  throw new Problem(response.status, body.code ?? "internal", body.detail ?? "The server cannot answer just now.", "", body.retry_ms);
}
