import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sumCounts } from '../lambda/core/values/counts';
import { runMain } from '../local/support/run-main';
import { DiskStore, NOW } from './support/disk-store';
import { BUCKET, GeneratedSource, writeReport } from './support/generated-bucket';
import { startWorker } from './support/start-worker';
import {
  benchPorts,
  runBackup,
  runWorker,
  SCRATCH_BUCKET,
  type StepCost,
  type WorkerCost,
  type WorkerInput,
} from './support/steps';

/** A thousandth of the objects change between the two rounds. */
const CHANGED_EVERY = 1_000;

/** What a backup took, its workers with it. */
export interface Measured {
  readonly status: string;
  readonly versions: number;
  readonly stored: number;
  readonly reused: number;
  /** To the protected bucket. */
  readonly requests: Readonly<Record<string, number>>;
  readonly vault: StoreCost;
  readonly scratch: StoreCost;
  readonly steps: readonly StepCost[];
  /** That of the process with the highest one. */
  readonly peakMiB: number;
}

interface StoreCost {
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesWritten: number;
}

/** What a worker's process prints. */
interface Worked {
  readonly cost: WorkerCost;
  readonly vault: StoreCost;
  readonly scratch: StoreCost;
}

/**
 * Writes the report of a round, backs a round up, or is the worker of a backup's step: each in a process of its own, as on AWS, so that the
 * peak of its memory is known. A backup and a worker print what they took as a line of JSON.
 */
async function main(): Promise<void> {
  const [mode, folder = '', objectsText, round, source] = process.argv.slice(2);
  const objects = Number(objectsText);
  const shape = round === '1' ? { objects } : { objects, changedEvery: CHANGED_EVERY };
  if (mode === 'report') {
    await writeReport(
      join(folder, 'scratch'),
      SCRATCH_BUCKET,
      shape,
      NOW - (NOW % 60) - (round === '1' ? 7_200 : 3_600),
    );
    return;
  }
  const vault = new DiskStore(join(folder, 'vault'));
  const scratch = new DiskStore(join(folder, 'scratch'));
  const ports = benchPorts(new GeneratedSource(shape), vault, scratch);
  if (mode === 'worker') {
    const cost = await runWorker(ports, JSON.parse(readFileSync(0, 'utf8')) as WorkerInput);
    const worked: Worked = { cost, vault: costOf(vault), scratch: costOf(scratch) };
    console.log(JSON.stringify(worked));
    return;
  }
  const done: Worked[] = [];
  const { output, steps } = await runBackup(
    ports,
    { bucket: BUCKET, source },
    `${source ?? ''}-${round ?? ''}`,
    (input) => {
      const worked = JSON.parse(
        startWorker('inventory-worker.ts', ['worker', folder, objects, round ?? ''], JSON.stringify(input)),
      ) as Worked;
      done.push(worked);
      return worked.cost;
    },
  );
  const { status, versions, stored, reused, requests } = output;
  const measured: Measured = {
    status,
    versions,
    stored,
    reused,
    requests,
    vault: sumOf([costOf(vault), ...done.map((worked) => worked.vault)]),
    scratch: sumOf([costOf(scratch), ...done.map((worked) => worked.scratch)]),
    steps,
    peakMiB: Math.max(...steps.map((step) => step.peakMiB)),
  };
  console.log(JSON.stringify(measured));
}

const costOf = (store: DiskStore): StoreCost => ({ requests: store.counts(), bytesWritten: store.bytesWritten });

function sumOf(costs: readonly StoreCost[]): StoreCost {
  const requests = sumCounts(costs.map((cost) => cost.requests));
  return { requests, bytesWritten: costs.reduce((sum, cost) => sum + cost.bytesWritten, 0) };
}

runMain(main);
