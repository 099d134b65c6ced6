import { join } from 'node:path';
import { runMain } from '../local/run-main';
import { DiskStore, NOW } from './support/disk-store';
import { BUCKET, GeneratedSource, writeReport } from './support/generated-bucket';
import { benchPorts, peakMiB, runBackup, SCRATCH_BUCKET, type StepCost } from './support/steps';

/** A thousandth of the objects change between the two rounds. */
const CHANGED_EVERY = 1_000;

/** What a backup of this process took. */
export interface Measured {
  readonly status: string;
  readonly versions: number;
  readonly stored: number;
  readonly reused: number;
  /** To the protected bucket. */
  readonly requests: Readonly<Record<string, number>>;
  readonly vault: { readonly requests: Readonly<Record<string, number>>; readonly bytesWritten: number };
  readonly scratch: { readonly requests: Readonly<Record<string, number>>; readonly bytesWritten: number };
  readonly steps: readonly StepCost[];
  readonly peakMiB: number;
}

/**
 * Writes the report of a round, or backs a round up, in a process of its own, so that the peak of its memory is known. A backup
 * prints what it took as a line of JSON.
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
  const { output, steps } = await runBackup(ports, { bucket: BUCKET, source }, `${source ?? ''}-${round ?? ''}`);
  const { status, versions, stored, reused, requests } = output;
  const measured: Measured = {
    status,
    versions,
    stored,
    reused,
    requests,
    vault: { requests: vault.counts(), bytesWritten: vault.bytesWritten },
    scratch: { requests: scratch.counts(), bytesWritten: scratch.bytesWritten },
    steps,
    peakMiB: peakMiB(),
  };
  console.log(JSON.stringify(measured));
}

runMain(main);
