import { execFileSync } from 'node:child_process';
import { basename, join } from 'node:path';
import { NODE_OPTIONS } from '../../lambda/contract/env';

/**
 * Megabytes that V8 may use for objects that live on. A function of 1,769 MB would let V8 take more before it collects what is dead: with a
 * limit, the peak says what a worker needs, and one that needed more would die.
 */
export const HEAP_MIB = 256;

/** Environment variable of the folder that has the bundles of the workers. */
export const WORKERS = 'BENCH_WORKERS';

/**
 * Runs a worker's bundle (support/bundle-workers) in a process of its own, with Node's options of the functions, and answers what it prints.
 * Throws when the worker fails, or when no bundles have been made.
 */
export const startWorker = (
  script: string,
  args: readonly (string | number)[],
  input = '',
  heapMiB = HEAP_MIB,
): string =>
  execFileSync(
    process.execPath,
    [NODE_OPTIONS, `--max-old-space-size=${String(heapMiB)}`, ...extra(), bundleOf(script), ...args.map(String)],
    { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'inherit'], maxBuffer: 16 * 1024 * 1024 },
  );

/** More options for Node, as for a profile: `BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…"`. */
const extra = (): string[] => (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');

function bundleOf(script: string): string {
  const folder = process.env[WORKERS];
  if (folder === undefined) throw new Error(`${script}: the workers are not bundled, use npm run bench`);
  return join(folder, `${basename(script, '.ts')}.cjs`);
}
