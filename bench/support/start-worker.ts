import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { NODE_OPTIONS } from '../../lambda/contract/env';

/**
 * Megabytes that V8 may use for objects that live on. A function of 1,769 MB would let V8 take more before it collects what is dead: with a
 * limit, the peak says what a worker needs, and one that needed more would die.
 */
export const HEAP_MIB = 256;

/** Runs a script of the benchmarks in a process of its own, with Node's options of the functions, and answers what it prints. */
export const startWorker = (
  script: string,
  args: readonly (string | number)[],
  input = '',
  heapMiB = HEAP_MIB,
): string =>
  execFileSync(
    process.execPath,
    [
      NODE_OPTIONS,
      `--max-old-space-size=${String(heapMiB)}`,
      '--import',
      'tsx',
      join(import.meta.dirname, '..', script),
      ...args.map(String),
    ],
    { encoding: 'utf8', input, stdio: ['pipe', 'pipe', 'inherit'], maxBuffer: 16 * 1024 * 1024 },
  );
