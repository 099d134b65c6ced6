import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InventoryResult } from '../inventory';
import type { RequestsResult } from '../requests';
import { RANGE_WORKERS, RESTORE } from '../support/throughput-work';
import { PRODUCT, type ThroughputResult } from '../throughput';
import type { SingleStepResult } from './steps';

/** Speed of a worker with 1,769 MB (one vCPU). Times are seconds, speeds are bytes a second. */
export interface Figures {
  /** CPU of a small object that is read and stored, and of one that is restored: the client's and ours. */
  readonly storeCpu: number;
  readonly restoreCpu: number;
  /** CPU of a row that a listing answers or a report has, of a version that the last commit has, and of a row that a restore plans. */
  readonly scanRowCpu: number;
  readonly reportRowCpu: number;
  readonly knownRowCpu: number;
  readonly planRowCpu: number;
  /** CPU of a byte of a manifest or a page of its index, which each worker reads and checks. */
  readonly manifestByteCpu: number;
  /** CPU of a file that a step between two fan-outs reads: the client's and ours. */
  readonly resultCpu: number;
  /** Bytes of a run for a row. */
  readonly runBytesPerRow: number;
  /** Until an answer begins. */
  readonly getLatency: number;
  readonly putLatency: number;
  readonly listLatency: number;
  readonly copyLatency: number;
  /** What a Lambda sends or receives, and what one server-side copy moves. */
  readonly network: number;
  readonly copySpeed: number;
  /** Memory that a commit takes with an index of so many MiB, and assessing a restore of so many objects. */
  readonly commitMiB: (indexMiB: number) => number;
  readonly assessMiB: (objects: number) => number;
}

/**
 * What no benchmark of ours measures is assumed: latencies of S3 in the same Region (AWS says "roughly 100–200 ms" to the first byte at
 * worst, usual are 20 to 60), the network of a Lambda (about 600 Mbit/s), and CPU of requests where `throughput` has not run: 1.2 ms for
 * a GET or PUT of the SDK.
 */
const ASSUMED = {
  getLatency: 0.05,
  putLatency: 0.08,
  listLatency: 0.3,
  copyLatency: 0.15,
  network: 75e6,
  copySpeed: 100e6,
  requestCpu: 0.0012,
  planRowCpu: 15e-6,
} as const;

const folder = join(import.meta.dirname, '..', 'results');

function resultsOf(name: string): unknown {
  const file = join(folder, `${name}.json`);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { results: unknown }).results : undefined;
}

const SMALL_BYTES = 1_024;
/** So many objects at least: of a few, the start of the process is most. */
const MANY = 1_000;

/** Seconds of CPU that the product took for a small object; those of the server that took most. Undefined when none was measured. */
export function smallObjectCpu(results: readonly ThroughputResult[], does: string): number | undefined {
  const measured = results
    .filter((one) => one.program === PRODUCT && one.does === does && one.bytes === SMALL_BYTES && one.objects >= MANY)
    .map(({ cpuMsPerObject = 0 }) => cpuMsPerObject / 1_000);
  return measured.length > 0 ? Math.max(...measured) : undefined;
}

/** Figures of the results that are there. */
export function readFigures(): Figures {
  const inventory = (resultsOf('inventory') ?? []) as InventoryResult[];
  const throughput = (resultsOf('throughput') ?? []) as ThroughputResult[];
  const steps = (resultsOf('fan-out-steps') ?? []) as SingleStepResult[];
  const listed = (round: number, source = 'listing'): InventoryResult => {
    const found = inventory.filter((one) => one.source === source && one.round === round).at(-1);
    if (!found) throw new Error('bench/results/inventory.json has no listing: run "npm run bench -- inventory" first');
    return found;
  };
  const cpu = (round: number, step: string, source?: string): number => {
    const { steps: all, versions } = listed(round, source);
    return (all.find((one) => one.step === step)?.cpuSeconds ?? 0) / versions;
  };
  const read = steps.filter(({ step, cost }) => step === 'read manifest' && cost !== undefined);
  const [small, large] = [read[0]?.cost, read.at(-1)?.cost];
  const commit = steps.filter(({ step, cost }) => step === 'commit' && cost !== undefined).at(-1)?.cost;
  const { requestCpu, ...assumed } = ASSUMED;
  // Reading a small object and storing it takes no less than reading a work file.
  const readCpu = smallObjectCpu(throughput, RANGE_WORKERS);
  return {
    ...assumed,
    storeCpu: readCpu ?? requestCpu + cpu(1, 'ranges'),
    restoreCpu: smallObjectCpu(throughput, RESTORE) ?? requestCpu + cpu(1, 'ranges'),
    scanRowCpu: cpu(1, 'scan'),
    reportRowCpu: cpu(1, 'scan', 'inventory'),
    knownRowCpu: cpu(2, 'ranges'),
    manifestByteCpu:
      small && large && large.bytesRead > small.bytesRead
        ? (large.cpuSeconds - small.cpuSeconds) / (large.bytesRead - small.bytesRead)
        : 8e-9,
    resultCpu:
      (readCpu ?? requestCpu) + (commit ? commit.cpuSeconds / Math.max(1, commit.requests.GetObject ?? 0) : 50e-6),
    commitMiB: lineThrough(steps, 'commit', ({ indexMiB }) => indexMiB),
    assessMiB: lineThrough(steps, 'assess', ({ objects }) => objects),
    runBytesPerRow: listed(1).scratch.bytesWritten / listed(1).versions,
  };
}

/** Peak memory of a step by the smallest and the largest job that it was measured with, as a straight line. */
function lineThrough(
  steps: readonly SingleStepResult[],
  name: string,
  sizeOf: (result: SingleStepResult) => number,
): (size: number) => number {
  const measured = steps
    .filter(({ step, cost }) => step === name && cost !== undefined)
    .map((result) => ({ size: sizeOf(result), peak: result.cost?.peakMiB ?? 0 }))
    .sort((a, b) => a.size - b.size);
  const [first, last] = [measured[0], measured.at(-1)];
  if (!first || !last || last.size <= first.size) return () => 0;
  const slope = (last.peak - first.peak) / (last.size - first.size);
  return (size) => first.peak + Math.max(0, size - first.size) * slope;
}

/** Requests of one kind of job for an object of a size, and for the job itself. */
export function requestsOf(job: string, size: string): Pick<RequestsResult, 'perObject' | 'perJob'> {
  const results = (resultsOf('requests') ?? []) as RequestsResult[];
  const found = results.find((one) => one.job === job && one.size === size);
  if (!found)
    throw new Error(`bench/results/requests.json has no "${job}" of ${size}: run "npm run bench -- requests"`);
  return found;
}
