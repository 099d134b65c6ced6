import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_RANGE_WEIGHT } from '../../lambda/core/scan/weights';
import { ONE_VCPU_MIB } from '../../lib/private/runtime-function';
import type { JobShape } from '../support/scale-store';
import { startWorker } from '../support/start-worker';
import type { SingleStep, SingleStepCost } from './step-worker';

/** What a step that one Lambda does for the whole job took; without a cost it did not end within the memory of the function. */
export interface SingleStepResult {
  readonly step: SingleStep;
  readonly objects: number;
  readonly turnsOfRange: number;
  /** Of the manifest with its pages. */
  readonly indexMiB: number;
  readonly cost?: SingleStepCost;
}

const SIZES = [100_000_000, 1_000_000_000, 10_000_000_000];
const STEPS: readonly SingleStep[] = [
  'partition',
  'commit',
  'next commit',
  'read manifest',
  'restore plan',
  'assess',
  'finish',
];
/** What V8 gets for living objects in a function of 1,769 MB. */
const HEAP_MIB = ONE_VCPU_MIB - 250;
const MIB = 1024 * 1024;

/** A first backup and a restore of objects of the same weight, cut as workload finds that the product cuts them. */
export const shapeOf = (objects: number, turnsOfRange: number, weight = 1): JobShape => ({
  objects,
  scanUnits: 64,
  scanTurns: Math.ceil(objects / 64 / 2_000_000),
  ranges: Math.ceil((objects * weight) / DEFAULT_RANGE_WEIGHT),
  rangeTurns: turnsOfRange,
  deltas: 0,
  planUnits: Math.ceil(objects / (4 * DEFAULT_RANGE_WEIGHT)),
  planFiles: 100,
});

/** Memory and CPU of the steps that run once a job, with the files of a job of up to ten billion objects. */
export function fanOutSteps(sizes: readonly number[] = SIZES): SingleStepResult[] {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-'));
  try {
    return sizes.flatMap((objects) =>
      [1, 7].flatMap((turns) => measure(objects, turns, join(folder, `${String(objects)}-${String(turns)}`))),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(objects: number, turnsOfRange: number, folder: string): SingleStepResult[] {
  const shape = shapeOf(objects, turnsOfRange);
  const made = run('write manifest', shape, folder, HEAP_MIB) as { bytes: number } | undefined;
  const indexMiB = Math.round((made?.bytes ?? 0) / MIB);
  const steps = turnsOfRange === 1 ? STEPS : STEPS.slice(1, 4);
  return steps.map((step) => {
    const cost = (made && run(step, shape, folder, HEAP_MIB)) as SingleStepCost | undefined;
    const result = { step, objects, turnsOfRange, indexMiB, cost };
    console.log(line(result));
    return result;
  });
}

function run(step: string, shape: JobShape, folder: string, heapMiB: number): unknown {
  try {
    return JSON.parse(startWorker('fan-out/step-worker.ts', [step, JSON.stringify(shape), folder], '', heapMiB));
  } catch {
    return undefined;
  }
}

function line({ step, objects, turnsOfRange, indexMiB, cost }: SingleStepResult): string {
  const took = cost
    ? `CPU ${cost.cpuSeconds.toFixed(2)} s, peak ${String(cost.peakMiB)} MiB, reads ${(cost.bytesRead / MIB).toFixed(1)} MiB`
    : 'does not end';
  return `${objects.toExponential(0).padStart(6)} objects, ${String(turnsOfRange)} turns a range, index ${String(indexMiB)} MiB, ${step}: ${took}`;
}
