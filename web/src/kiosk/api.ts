// The calls of docs/api.md that a card reader makes: by the token of its link or, without
// one, as who has signed in.

import { call } from "../api";
import type { Mark } from "../live/messages";
import type { Status } from "../ui/marks";

export interface About {
  course: string;
  title: string;
  status: "scheduled" | "open" | "closed";
  /** What a card may stand for, besides being present or late. */
  statuses: Status[];
}

export interface Answer {
  /** The given name, and the first letter of the family name. */
  name: string;
  mark: Mark;
  /** How the mark, or the status that it stands for, is called. */
  called: string;
  /** The mark was so before. */
  already: boolean;
}

export interface Server {
  about(): Promise<About>;
  card(id: string, card: string, waited: number, status: string): Promise<Answer>;
}

export function server(session: number, token: string): Server {
  const headers: Record<string, string> = token === "" ? {} : { Authorization: `Bearer ${token}` };
  const path = `/sessions/${session}`;
  return {
    about: async () => (await call("GET", `${path}/kiosk`, undefined, headers)).json() as Promise<About>,
    card: async (id, card, waited, status) =>
      (await call("POST", `${path}/cards`, { id, card, waited_ms: waited, status }, headers)).json() as Promise<Answer>,
  };
}
