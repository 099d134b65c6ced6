import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { basename, join } from 'node:path';
import { NODE_OPTIONS } from '../../lambda/contract/env';
import { endsWithBench } from './ends-with-bench';

/**
 * Megabytes that V8 may use for objects that live on. A function of 1,769 MB would let V8 take more before it collects what is dead: with a
 * limit, the peak says what a worker needs, and one that needed more would die.
 */
export const HEAP_MIB = 256;

/** Environment variable of the folder that has the bundles of the workers. */
export const WORKERS = 'BENCH_WORKERS';

/** Set in workers: what they start is of their group, and ends with it. */
const IN_GROUP = 'BENCH_IN_GROUP';

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
  execFileSync(process.execPath, [...nodeOptions(heapMiB), bundleOf(script), ...args.map(String)], {
    encoding: 'utf8',
    input,
    stdio: ['pipe', 'pipe', 'inherit'],
    maxBuffer: 16 * 1024 * 1024,
  });

/** The same without waiting: one process for each input, all at a time; answers what each prints. */
export const startWorkers = (
  script: string,
  args: readonly (string | number)[],
  inputs: readonly string[],
): Promise<string[]> => Promise.all(inputs.map((input) => running(script, args, input)));

async function running(script: string, args: readonly (string | number)[], input: string): Promise<string> {
  const worker = spawn(process.execPath, [...nodeOptions(HEAP_MIB), bundleOf(script), ...args.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, [IN_GROUP]: 'yes' },
    detached: process.env[IN_GROUP] === undefined,
  });
  if (process.env[IN_GROUP] === undefined) endsWithBench(worker);
  let said = '';
  worker.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  worker.stdin.end(input);
  const [code] = (await once(worker, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${script} ended with ${String(code)}`);
  return said;
}

/** Starts a worker that serves others: it talks to this process by messages, and ends when this one disconnects. */
export function startServer(script: string, args: readonly string[]): ChildProcess {
  const server = spawn(process.execPath, [NODE_OPTIONS, bundleOf(script), ...args], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
  });
  endsWithBench(server);
  return server;
}

const nodeOptions = (heapMiB: number): string[] => [
  NODE_OPTIONS,
  `--max-old-space-size=${String(heapMiB)}`,
  ...extra(),
];

/** More options for Node, as for a profile: `BENCH_NODE_OPTIONS="--cpu-prof --cpu-prof-dir=…"`. */
const extra = (): string[] => (process.env['BENCH_NODE_OPTIONS'] ?? '').split(' ').filter((option) => option !== '');

function bundleOf(script: string): string {
  const folder = process.env[WORKERS];
  if (folder === undefined) throw new Error(`${script}: the workers are not bundled, use npm run bench`);
  return join(folder, `${basename(script, '.ts')}.cjs`);
}
