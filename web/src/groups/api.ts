// Lists of people that were given a name: the calls of docs/api.md.

import { json } from "../api";
import type { Candidate } from "../excuse/api";

export interface Group {
  id: number;
  name: string;
  /** It is the course's; the others are the institution's, and only administrators change them. */
  own: boolean;
  people: number;
}

/** Where the groups of a course are, or those of the institution. */
const place = (course: number | undefined) => (course === undefined ? "/groups" : `/courses/${course}/groups`);

export const groupApi = {
  list: (course: number | undefined) => json<{ groups: Group[] }>("GET", place(course)).then((answer) => answer.groups),
  members: (course: number | undefined, id: number) =>
    json<{ members: Candidate[] }>("GET", `${place(course)}/${id}`).then((answer) => answer.members),
  /** Makes a group, or gives the one with that id this name and these people. */
  save: (course: number | undefined, id: number | undefined, name: string, people: number[]) =>
    json<{ id: number; set: number }>(id === undefined ? "POST" : "PUT", place(course) + (id === undefined ? "" : `/${id}`), {
      name,
      people,
    }),
  end: (course: number | undefined, id: number) => json<{ set: number }>("DELETE", `${place(course)}/${id}`),
};
