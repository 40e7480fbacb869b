// The calls about work that outlives a request, as docs/api.md has them.

import { call, json, offline, Problem } from "../api";

export type JobState = "waiting" | "running" | "done" | "failed" | "cancelled";

export interface JobProgress {
  doing: string;
  unit: string;
  done: number;
  /** 0: not known. */
  total: number;
  /** A second, of late; 0: not known. */
  rate: number;
  left_ms?: number;
}

export interface Job {
  id: number;
  kind: string;
  title: string;
  state: JobState;
  actor: { id: number; name: string };
  from: string;
  progress?: JobProgress;
  summary: string;
  problem: string;
  /** The change set that it became, which can be taken back; 0: it has changed nothing. */
  set: number;
  /** Not in lists; of an import or its preview a Preview, of a failure its code. */
  result?: unknown;
  output?: { name: string; size: number };
  attempts: number;
  node: string;
  stop: boolean;
  run_at: number;
  created: number;
  started: number;
  ended: number;
}

export const ended = (job: Job): boolean => job.state !== "waiting" && job.state !== "running";

export const jobsApi = {
  list: (own: boolean, all = false, cursor = "") =>
    json<{ jobs: Job[]; next: string }>("GET", `/jobs?own=${own}&all=${all}&cursor=${cursor}`),
  get: (id: number) => json<Job>("GET", `/jobs/${id}`),
  cancel: (id: number) => json<Job>("POST", `/jobs/${id}/cancel`, {}),
  retry: (id: number) => json<Job>("POST", `/jobs/${id}/retry`, {}),
  exportMarks: (scope: { from?: number; to?: number }) => json<Job>("POST", "/exports", { table: "marks", format: "xlsx", ...scope }),
  output: (id: number) => `/api/v1/jobs/${id}/output`,
};

/** Files of more bytes than this are imported by a job. */
export const large = 2_000_000;

/** What is told while files are imported: how much has been sent (0 to 1), and then how the job is doing. */
export interface Telling {
  sent: number;
  job?: Job;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Sends large files once to one place of the API, and has them previewed and applied by jobs, whose results it gives. */
export class FileJobs<Result> {
  constructor(private readonly path: string) {}

  /** The job that has the files now; 0: none yet. */
  private files = 0;

  /** The change set that the last job became; 0: it has changed nothing. */
  set = 0;

  /** Names the job that has the files in a form, instead of sending them again. */
  refer(form: FormData): FormData {
    if (this.files > 0) {
      form.delete("file");
      form.append("job", String(this.files));
    }
    return form;
  }

  /** Does what the form asks for. */
  async run(form: FormData, tell: (t: Telling) => void): Promise<Result> {
    let job = await this.send(this.refer(form), tell);
    this.files = job.id;
    while (!ended(job)) {
      tell({ sent: 1, job });
      await pause(500);
      job = await again(job);
    }
    this.set = job.set;
    if (job.state === "done") return job.result as Result;
    const code = (job.result as { code?: string } | undefined)?.code ?? "";
    throw new Problem(0, code, job.state === "cancelled" ? "The import was cancelled." : job.problem);
  }

  private send(form: FormData, tell: (t: Telling) => void): Promise<Job> {
    if (!form.has("file")) return call("POST", this.path, form).then((r) => r.json() as Promise<Job>);
    return new Promise<Job>((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", `/api/v1${this.path}`);
      request.upload.onprogress = (e) => tell({ sent: e.total > 0 ? e.loaded / e.total : 0 });
      request.onerror = () => reject(new Problem(0, offline, "The server cannot be reached. Check your connection, then try again."));
      request.onload = () => {
        const body = JSON.parse(request.responseText || "{}") as Job & { code?: string; detail?: string; field?: string };
        if (request.status < 300) resolve(body);
        else reject(new Problem(request.status, body.code ?? "internal", body.detail ?? "The server refused the files.", body.field));
      };
      request.send(form);
    });
  }
}

/** The job as it is now. While the server is away, as it was: the job goes on when it is back. */
async function again(job: Job): Promise<Job> {
  try {
    return await jobsApi.get(job.id);
  } catch (err) {
    if (err instanceof Problem && (err.code === offline || err.status >= 500)) return job;
    throw err;
  }
}
