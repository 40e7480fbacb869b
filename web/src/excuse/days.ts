// Days and times of day of a form, in the visitor's own zone.

import { day } from "../ui/times";

function at(date: string, time: string, daysLater = 0): number {
  const [y, m, d] = date.split("-").map(Number);
  const [hours = 0, minutes = 0] = time === "" ? [] : time.split(":").map(Number);
  return y === undefined || m === undefined || d === undefined ? NaN : new Date(y, m - 1, d + daysLater, hours, minutes).getTime();
}

/** When something begins that is from this day on, and perhaps from a time of day. */
export const from = (date: string, time: string): number => at(date, time);

/** The first moment after something that is up to this day, all of it unless there is a time. */
export const until = (date: string, time: string): number => (time === "" ? at(date, "", 1) : at(date, time));

/** A day as a form has it. */
export function today(now = new Date()): string {
  const two = (n: number) => String(n).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const midnight = (ms: number) => new Date(ms).getHours() === 0 && new Date(ms).getMinutes() === 0;

/** A stretch of time in words: Tue 3 Nov to Sat 7 Nov; Tue 3 Nov, 09:30 to 12:00. */
export function stretch(from: number, until: number): string {
  const last = midnight(until) ? until - 1 : until;
  const first = midnight(from) ? day(from) : `${day(from)}, ${clock.format(from)}`;
  if (day(from) === day(last))
    return midnight(until) && midnight(from) ? first : `${first} to ${midnight(until) ? "midnight" : clock.format(until)}`;
  return `${first} to ${day(last)}${midnight(until) ? "" : `, ${clock.format(until)}`}`;
}
