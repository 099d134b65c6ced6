import { setTimeout as sleep } from 'node:timers/promises';

const pollMs = 50;

/** Polls until `condition` holds; false when it did not within `limitMs`. */
export async function eventually(condition: () => boolean | Promise<boolean>, limitMs: number): Promise<boolean> {
  const end = Date.now() + limitMs;
  while (!(await condition())) {
    if (Date.now() > end) return false;
    await sleep(pollMs);
  }
  return true;
}

/** Sends a signal to a process group, given by the pid of its leader; false when nothing is left of it. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Ends a process and everything it started: asks first, and after the grace period doesn't ask any more. */
export async function endGroup(leader: number, graceMs = 5_000): Promise<void> {
  const gone = (): boolean => !signalGroup(leader, 0);
  signalGroup(leader, 'SIGTERM');
  if (await eventually(gone, graceMs)) return;
  signalGroup(leader, 'SIGKILL');
  // Where nobody waits for orphans a killed one stays visible: the caller's check of the port has the last word.
  await eventually(gone, graceMs);
}
