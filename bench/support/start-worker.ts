import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { NODE_OPTIONS } from '../../lambda/contract/env';

/** Runs the benchmark's worker in a process of its own, with Node's options of the functions, and answers what it prints. */
export const startWorker = (args: readonly (string | number)[], input = ''): string =>
  execFileSync(
    process.execPath,
    [NODE_OPTIONS, '--import', 'tsx', join(import.meta.dirname, '..', 'inventory-worker.ts'), ...args.map(String)],
    { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'inherit'], maxBuffer: 16 * 1024 * 1024 },
  );
