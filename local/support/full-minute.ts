import { setTimeout as sleep } from 'node:timers/promises';

const minuteMs = 60_000;

/**
 * Waits for the first full minute after an instant, and answers it; both in epoch milliseconds. Inventory reports are dated by
 * minutes, and a backup takes what was written up to that date.
 */
export async function fullMinuteAfter(instant: number): Promise<number> {
  const minute = (Math.floor(instant / minuteMs) + 1) * minuteMs;
  await sleep(Math.max(0, minute - Date.now()));
  return minute;
}
