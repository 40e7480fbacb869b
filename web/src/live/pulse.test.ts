import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pulse } from "./pulse";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A line whose pings are answered `delay` ms after the server read its clock, `ahead` of ours. */
function line(delay: number, ahead: number) {
  const at = { delay, ahead, answers: true };
  const dead = vi.fn();
  const pulse = new Pulse(dead);
  pulse.start({
    command() {},
    close() {},
    ping(n) {
      const now = Date.now() + at.ahead;
      if (at.answers) setTimeout(() => pulse.pong(n, now), at.delay);
    },
  });
  return { pulse, at, dead };
}

test("the fastest ping sets the clock", async () => {
  const { pulse, at } = line(10, 5000);
  await vi.advanceTimersByTimeAsync(100);
  at.delay = 2000;
  await vi.advanceTimersByTimeAsync(2600);
  expect(pulse.roundTrip).toBe(2000);
  expect(Math.abs(pulse.now() - Date.now() - 5000)).toBeLessThanOrEqual(5);
});

test("a clock that was set long ago is set anew, by slower pings if need be", async () => {
  const { pulse, at } = line(10, 5000);
  await vi.advanceTimersByTimeAsync(10_000);
  Object.assign(at, { delay: 100, ahead: 9000 });
  await vi.advanceTimersByTimeAsync(120_000);
  expect(Math.abs(pulse.now() - Date.now() - 9000)).toBeLessThanOrEqual(50);
});

test("a ping without an answer for four seconds shows that the line is dead", async () => {
  const { at, dead } = line(10, 0);
  await vi.advanceTimersByTimeAsync(5000);
  at.answers = false;
  await vi.advanceTimersByTimeAsync(13_000);
  expect(dead).toHaveBeenCalledOnce();
});
