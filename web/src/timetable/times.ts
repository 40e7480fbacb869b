// Times in words, in the institution's time zone, wherever whoever looks at them is.

export class ZoneTimes {
  readonly #clock: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #iso: Intl.DateTimeFormat;

  constructor(readonly zone: string) {
    const timeZone = known(zone) ? zone : "UTC";
    this.#clock = new Intl.DateTimeFormat(undefined, { timeZone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    this.#day = new Intl.DateTimeFormat(undefined, { timeZone, weekday: "short", day: "numeric", month: "short" });
    this.#iso = new Intl.DateTimeFormat("en-CA", { timeZone, year: "numeric", month: "2-digit", day: "2-digit" });
  }

  /** The time of day, such as 10:15. */
  clock(ms: number): string {
    return this.#clock.format(ms);
  }

  /** The day, such as Mon 12 Oct. */
  day(ms: number): string {
    return this.#day.format(ms);
  }

  /** The day as 2026-10-12. */
  iso(ms: number): string {
    return this.#iso.format(ms);
  }

  /** From when until when, such as 10:15–11:45. */
  span(starts: number, ends: number): string {
    return ends === 0 ? this.clock(starts) : `${this.clock(starts)}–${this.clock(ends)}`;
  }
}

function known(zone: string): boolean {
  try {
    new Intl.DateTimeFormat(undefined, { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

/** The Monday of the week that a day (2026-10-14) is in, as a day. */
export function monday(iso: string): string {
  const date = new Date(`${iso}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  return date.toISOString().slice(0, 10);
}

/** The number of the week of a term that a Monday begins, from 1; 0 if that is not known. */
export function weekOfTerm(mondayOfWeek: string, first: string): number {
  if (first === "") return 0;
  const start = new Date(`${first}T00:00:00Z`);
  if (start.getUTCDay() === 6 || start.getUTCDay() === 0) start.setUTCDate(start.getUTCDate() + 2);
  const weeks = (Date.parse(mondayOfWeek) - Date.parse(monday(start.toISOString().slice(0, 10)))) / (7 * 86_400_000);
  return weeks < 0 ? 0 : Math.round(weeks) + 1;
}

/** A day as 2026-10-12 in words, such as 12 Oct 2026. */
export function dayWords(iso: string): string {
  return new Intl.DateTimeFormat(undefined, { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" }).format(
    Date.parse(`${iso}T00:00:00Z`),
  );
}

/** Minutes after midnight of a time such as 10:15; undefined if it is none. */
export function minutesOf(clock: string): number | undefined {
  const found = /^(\d{1,2}):(\d{2})$/.exec(clock);
  return found ? Number(found[1]) * 60 + Number(found[2]) : undefined;
}
