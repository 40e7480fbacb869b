// The curve of arrivals: how many had come, from the opening on.

/** Steps of the curve: seconds since the opening, and how many had arrived by then. */
export type Curve = readonly (readonly [seconds: number, arrived: number])[];

/**
 * curve counts up the times (ms since 1970) at which students were marked as here, from
 * the opening to `until`. Who was marked before the opening stands at 0. It has one
 * step per second at most.
 */
export function curve(times: readonly number[], opened: number, until: number): Curve {
  const steps: [number, number][] = [[0, 0]];
  let arrived = 0;
  for (const at of [...times].sort((a, b) => a - b)) {
    arrived++;
    const seconds = Math.max(0, Math.floor((at - opened) / 1000));
    const last = steps[steps.length - 1] as [number, number];
    if (last[0] === seconds) last[1] = arrived;
    else steps.push([seconds, arrived]);
  }
  const end = Math.max(Math.ceil((until - opened) / 1000), steps[steps.length - 1]?.[0] ?? 0);
  if (steps[steps.length - 1]?.[0] !== end) steps.push([end, arrived]);
  return steps;
}

/** axis returns a round length for the time axis in seconds, no shorter than the curve. */
export function axis(seconds: number): number {
  const minute = 60;
  for (const length of [2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240]) {
    if (seconds <= length * minute) return length * minute;
  }
  return Math.ceil(seconds / 7200) * 7200;
}

/** describe says in a sentence what the curve shows. */
export function describe(c: Curve, students: number): string {
  const arrived = c[c.length - 1]?.[1] ?? 0;
  if (arrived === 0) return "Nobody has arrived yet.";
  const reached = (share: number) => c.find(([, n]) => n >= arrived * share)?.[0] ?? 0;
  return `${arrived} of ${students} have arrived: half of them within ${span(reached(0.5))}, nine in ten within ${span(reached(0.9))} of the opening.`;
}

function span(seconds: number): string {
  if (seconds < 60) return "a minute";
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return `${minutes} minutes`;
  const hours = Math.ceil(seconds / 3600);
  return hours < 48 ? `${hours} hours` : `${Math.ceil(hours / 24)} days`;
}
