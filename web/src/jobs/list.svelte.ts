// The list of jobs, looked at again and again: each second while one runs, else now and
// then, and not at all while nobody sees the page.

import { ended, jobsApi, type Job } from "./api";

const whileRunning = 1000;
const idle = 5000;

export class JobList {
  jobs = $state.raw<Job[]>();
  problem = $state.raw<unknown>();
  /** The cursor of the next page; empty: there is none. */
  next = $state("");
  /** Also what the clock asked for and went well. */
  all = $state(false);
  /** What has ended since the page was opened, for who cannot see it happen. */
  news = $state("");

  private older: Job[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private closed = false;

  constructor(private readonly own: boolean) {}

  /** Begins to look; returns what ends it. */
  follow = (): (() => void) => {
    const seen = () => {
      if (!document.hidden) void this.look();
    };
    document.addEventListener("visibilitychange", seen);
    void this.look();
    return () => {
      this.closed = true;
      clearTimeout(this.timer);
      document.removeEventListener("visibilitychange", seen);
    };
  };

  look = async (): Promise<void> => {
    clearTimeout(this.timer);
    try {
      const page = await jobsApi.list(this.own, this.all);
      this.tell(page.jobs);
      const oldest = page.jobs.at(-1)?.id ?? 0;
      this.older = this.older.filter((j) => j.id < oldest);
      if (this.older.length === 0) this.next = page.next;
      this.jobs = [...page.jobs, ...this.older];
      this.problem = undefined;
    } catch (err) {
      this.problem = err;
    }
    if (this.closed || document.hidden) return;
    const running = this.jobs?.some((j) => !ended(j)) ?? false;
    this.timer = setTimeout(() => void this.look(), running ? whileRunning : idle);
  };

  more = async (): Promise<void> => {
    try {
      const page = await jobsApi.list(this.own, this.all, this.next);
      this.older.push(...page.jobs);
      this.next = page.next;
      this.jobs = [...(this.jobs ?? []), ...page.jobs];
    } catch (err) {
      this.problem = err;
    }
  };

  show = (all: boolean): void => {
    this.all = all;
    this.older = [];
    void this.look();
  };

  private tell(now: Job[]): void {
    for (const job of now) {
      const before = this.jobs?.find((j) => j.id === job.id);
      if (before && !ended(before) && ended(job)) this.news = `${job.title}: ${job.state}`;
    }
  }
}
