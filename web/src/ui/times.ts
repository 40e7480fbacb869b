// Times in words, in the visitor's own language and zone.

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });

/** The time of day, such as 10:17. */
export const clock = (ms: number): string => hours.format(ms);

/** The day, such as Mon 23 Nov. */
export const day = (ms: number): string => days.format(ms);
