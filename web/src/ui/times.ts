// Times in words, in the visitor's own language and zone.

// Made when the first time is told: making one takes a slow phone longer than all else that
// its page does before it is shown.
let hours: Intl.DateTimeFormat | undefined;
let days: Intl.DateTimeFormat | undefined;

/** The time of day, such as 10:17. */
export const clock = (ms: number): string =>
  (hours ??= new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })).format(ms);

/** The day, such as Mon 23 Nov. */
export const day = (ms: number): string =>
  (days ??= new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" })).format(ms);

/** Day and time of day; the day is "today" when it is, and has its year when that is another. */
export function moment(ms: number, now = Date.now()): string {
  const date = new Date(ms);
  const today = new Date(now);
  if (date.toDateString() === today.toDateString()) return `today, ${clock(ms)}`;
  const year = date.getFullYear() === today.getFullYear() ? "" : ` ${date.getFullYear()}`;
  return `${day(ms)}${year}, ${clock(ms)}`;
}

/** How long something lasted, such as 4 min or 1 h 20 min. */
export function span(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const whole = Math.floor(minutes / 60 / 24);
  return whole === 1 ? "1 day" : `${whole} days`;
}
