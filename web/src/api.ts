// The REST API of docs/api.md, typed.

import type { Counts, Mark, Source, Status } from "./live/messages";

export type { Counts, Mark, Source, Status };
export type Role = "student" | "assistant" | "teacher" | "admin";
export type OnClose = "absent" | "leave";

export interface CourseName {
  id: number;
  code: string;
  title: string;
}

export interface MyCourse extends CourseName {
  term: string;
  role: Role;
  students: number;
  /** The session that is open now; 0 if none is. */
  open_session: number;
}

export interface Me {
  id: number;
  given: string;
  family: string;
  email: string;
  username: string;
  admin: boolean;
  teaches: boolean;
  courses: MyCourse[];
}

export interface Member {
  id: number;
  given: string;
  family: string;
  ref: string;
  role: Role;
}

export interface CourseSettings {
  /** Minutes after opening; null: nobody is late. */
  late_after: number | null;
  on_close: OnClose;
  code_step_ms: number;
  code_grace: number;
}

export interface Course extends CourseName, CourseSettings {
  /** What marks mean in it. */
  status_set: number;
  term: string;
  role: Role;
  students: number;
  people?: Member[];
}

export interface Session {
  id: number;
  course: CourseName;
  title: string;
  status: Status;
  starts: number;
  ends: number;
  opened: number;
  closed: number;
  seq: number;
  counts: Counts;
  role: Role;
  location: string;
  /** When it was cancelled; 0: it takes place. */
  cancelled: number;
  /** When it opens and closes by itself, in the answer about one session; 0: somebody does it. */
  opens: number;
  closes: number;
}

export interface ReportRow {
  person: number;
  family: string;
  given: string;
  ref: string;
  mark: Mark;
  status?: string;
  at: number;
  source: Source;
  actor: string;
  note: string;
}

export interface Report {
  session: Session;
  rows: ReportRow[];
}

export interface HistorySession {
  id: number;
  title: string;
  opened: number;
  status: Status;
  mark: Mark;
  /** How the mark, or the status that it stands for, is called. */
  called: string;
  at: number;
  source: Source;
}

export interface HistoryCourse {
  course: CourseName;
  counts: Counts;
  sessions: HistorySession[];
}

export interface Person {
  id: number;
  ref: string;
  given: string;
  family: string;
  username: string;
  email: string;
  admin: boolean;
  active: boolean;
  has_password: boolean;
  courses: number;
}

export interface CourseListing extends CourseName {
  term: string;
  students: number;
  teachers: string[];
}

export interface JoinLink {
  person: number;
  given: string;
  family: string;
  ref: string;
  url: string;
}

export interface Changes {
  add: number;
  change: number;
  end: number;
}

export interface PreviewRow {
  kind: "add" | "change" | "end" | "reject";
  what: string;
  file: string;
  line: number;
  name: string;
  detail: string;
}

export interface Preview {
  digest: string;
  applied: boolean;
  counts: { terms: Changes; people: Changes; courses: Changes; enrolments: Changes; rejects: number; same: number };
  rows: PreviewRow[];
  /** How many rows there are besides. */
  more: number;
  ignored: string[];
  /** How the files were read where that could have been done otherwise. */
  notes: string[];
}

/** What the API answers when it refuses: docs/protocol.md lists the codes. */
export class Problem extends Error {
  readonly code: string;
  readonly field: string;
  readonly status: number;
  /** How long to wait before trying again, in ms; 0 if that makes no sense. */
  readonly retry: number;

  constructor(status: number, code: string, detail: string, field = "", retry = 0) {
    super(detail);
    this.status = status;
    this.code = code;
    this.field = field;
    this.retry = retry;
  }
}

const prefix = "/api/v1";

/** The code of a Problem for a request that did not reach the server. */
export const offline = "offline";

/** Turns any error into a sentence for a person. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function problem(response: Response): Promise<Problem> {
  try {
    const p = (await response.json()) as { code?: string; detail?: string; field?: string; retry_ms?: number };
    if (p.code && p.detail) return new Problem(response.status, p.code, p.detail, p.field, p.retry_ms);
  } catch {
    // Not from our server, but from something in between.
  }
  return new Problem(response.status, "internal", `The server answered with error ${response.status}. Try again in a moment.`);
}

/** Where to sign in and come back to where we are. */
export function signInAddress(): string {
  return "/signin?next=" + encodeURIComponent(location.pathname + location.search);
}

export async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
  const form = body instanceof FormData;
  let response: Response;
  try {
    response = await fetch(prefix + path, {
      method,
      headers: body === undefined || form ? headers : { "Content-Type": "application/json", ...headers },
      body: body === undefined ? null : form ? body : JSON.stringify(body),
    });
  } catch {
    throw new Problem(0, offline, "The server cannot be reached. Check your connection, then try again.");
  }
  if (!response.ok) throw await problem(response);
  return response;
}

export async function json<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await call(method, path, body);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

/** Sends whoever is not signed in to sign in; gives every other error on. */
export function orSignIn(error: unknown): never {
  if (error instanceof Problem && error.code === "not_signed_in") location.replace(signInAddress());
  throw error;
}

const page = (q: string, cursor: string) => `?q=${encodeURIComponent(q)}&cursor=${encodeURIComponent(cursor)}`;

/** What the display of a course shows. */
export interface OnDisplay {
  course: string;
  /** The session that is open or about to be; 0: none. */
  session: number;
  /** When the next one begins; 0: none is planned. */
  next: number;
}

export const api = {
  me: () => json<Me>("GET", "/me"),
  signIn: (username: string, password: string) => json<{ person: Me }>("POST", "/signin", { username, password }),
  signOut: () => json<void>("POST", "/signout", {}),
  changePassword: (old: string, next: string) => json<void>("PUT", "/me/password", { old, new: next }),
  joiner: (token: string) =>
    json<{ given: string; family: string; username: string; has_password: boolean }>("GET", `/join/${encodeURIComponent(token)}`),
  join: (token: string, chosen: { username?: string; password?: string }) =>
    json<{ person: Me }>("POST", `/join/${encodeURIComponent(token)}`, chosen),
  history: () => json<{ courses: HistoryCourse[] }>("GET", "/me/history"),

  course: (id: number) => json<Course>("GET", `/courses/${id}`),
  changeCourse: (id: number, change: Partial<CourseSettings>) => json<Course>("PATCH", `/courses/${id}`, change),
  /** Changes settings and, since a moment, has the marks of sessions that were held follow. */
  judge: (id: number, change: Partial<CourseSettings> & { since: number; preview?: boolean }) =>
    json<{ set: number; course: Course; marks: Counts; sessions: number; people: number }>("POST", `/courses/${id}/rules`, change),
  sessions: (course: number) => json<{ sessions: Session[] }>("GET", `/courses/${course}/sessions`),
  addSession: (course: number, session: { title?: string; open?: boolean }) =>
    json<Session>("POST", `/courses/${course}/sessions`, session),
  session: (id: number) => json<Session>("GET", `/sessions/${id}`),
  report: (id: number) => json<Report>("GET", `/sessions/${id}/report`),
  reportFile: (id: number) => `${prefix}/sessions/${id}/report.csv`,
  displayLink: (id: number) => json<{ url: string }>("POST", `/sessions/${id}/display-link`, {}),
  endCourseDisplayLinks: (id: number) => call("DELETE", `/courses/${id}/display-link`),
  courseDisplayLink: (course: number) => json<{ url: string; expires: number }>("POST", `/courses/${course}/display-link`, {}),
  enterCourseDisplay: (course: number, token: string) =>
    call("POST", `/courses/${course}/display/enter`, undefined, { Authorization: `Bearer ${token}` }),
  onDisplay: (course: number) => json<OnDisplay>("GET", `/courses/${course}/display`),
  kioskLink: (id: number) => json<{ url: string; expires: number }>("POST", `/sessions/${id}/kiosk-link`, {}),
  enterDisplay: (id: number, token: string) => call("POST", `/display/${id}/enter`, undefined, { Authorization: `Bearer ${token}` }),

  people: (q = "", cursor = "") => json<{ people: Person[]; next: string }>("GET", "/people" + page(q, cursor)),
  addPerson: (person: Partial<Person>) => json<Person>("POST", "/people", person),
  changePerson: (id: number, change: Partial<Person>) => json<Person>("PATCH", `/people/${id}`, change),
  personLink: (id: number) => json<{ url: string; expires: number }>("POST", `/people/${id}/join-link`, {}),
  courseLinks: (course: number) => json<{ links: JoinLink[]; expires: number }>("POST", `/courses/${course}/join-links`, {}),
  courses: (q = "", cursor = "") => json<{ courses: CourseListing[]; next: string }>("GET", "/courses" + page(q, cursor)),
  importColumns: (form: FormData) =>
    json<{ columns: string[]; sample: string[][]; mapping: Record<string, string>; remembered: boolean; sheet: string; sheets: string[] }>(
      "POST",
      "/imports/columns",
      form,
    ),
  /** What an import rejects, in the format it came in; or every row of its preview. */
  importFile: (what: "rejects" | "rows", form: FormData) => call("POST", `/imports/${what}`, form),

  /** Sends files to be imported, telling how much of them has been sent (0 to 1). */
  importFiles: (form: FormData, progress: (sent: number) => void) =>
    new Promise<Preview>((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", prefix + "/imports");
      request.upload.onprogress = (e) => progress(e.total > 0 ? e.loaded / e.total : 0);
      request.onerror = () => reject(new Problem(0, offline, "The server cannot be reached. Check your connection, then try again."));
      request.onload = () => {
        const answer = new Response(request.responseText, { status: request.status });
        if (request.status >= 300) void problem(answer).then(reject);
        else void answer.json().then((preview) => resolve(preview as Preview), reject);
      };
      request.send(form);
    }),
};
