import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { signalGroup } from '../../local/service/process-group';

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Groups that are ended when this process ends, by their leaders. */
const leaders = new Set<number>();
let watching = false;

/** Ends a child that was started `detached`, and all that it started, when this process ends before it. */
export function endsWithBench(child: ChildProcess): void {
  const { pid } = child;
  if (pid === undefined) return;
  if (!watching) process.once('exit', endAll);
  watching = true;
  leaders.add(pid);
  child.once('exit', () => leaders.delete(pid));
}

function endAll(): void {
  for (const leader of leaders) signalGroup(leader, 'SIGKILL');
}

/**
 * Makes a folder the one for temporary files, of this process and of its children, and removes it with all that is in it when this process
 * ends: also when it is interrupted.
 */
export function cleanEnd(): void {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  process.env['TMPDIR'] = folder;
  for (const [signal, number] of Object.entries(SIGNALS)) process.once(signal, () => process.exit(128 + number));
  process.once('exit', () => {
    endAll();
    rmSync(folder, { recursive: true, force: true });
  });
}
