import { join } from 'node:path';
import { toIso } from '../lambda/core/values/instant';
import { runMain } from '../local/support/run-main';
import { DiskStore, NOW } from './support/disk-store';
import { BUCKET, GeneratedSource } from './support/generated-bucket';
import { GeneratedChangeLog } from './support/generated-changes';
import { peakMiB } from './support/peak-memory';
import { benchPorts, runBackup, runRestore } from './support/steps';

const HOUR = 3_600;

/** What a phase took: an upkeep, or the plan of a restore to an instant in the middle of the changes. */
export interface PhaseCost {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly bytesWritten: number;
  /** Of a plan: what the first step took of it, which sorts what no commit has taken in. */
  readonly prepareCpuSeconds?: number;
  readonly units?: number;
  readonly output: Readonly<Record<string, unknown>>;
}

/** One phase in a process of its own: `first`, `plan` or `commit`. */
async function main(): Promise<void> {
  const [phase = '', folder = '', objectsText, changesText] = process.argv.slice(2);
  const [objects, changes] = [Number(objectsText), Number(changesText)];
  const now = phase === 'first' ? NOW : NOW + 2 * HOUR;
  const vault = new DiskStore(join(folder, 'vault'), now);
  const scratch = new DiskStore(join(folder, 'scratch'), now);
  const ports = {
    ...benchPorts(new GeneratedSource({ objects }), vault, scratch, now),
    changeLog: new GeneratedChangeLog({ objects, changes: phase === 'first' ? 0 : changes, from: NOW }),
  };
  if (phase === 'plan') {
    const instant = toIso(NOW + Math.floor(HOUR / 2));
    const request = { sourceBucket: BUCKET, pointInTime: instant, destinationBucket: 'a-new-bucket' };
    const name = `plan-${process.pid.toString()}`;
    const input = { ...request, createBucket: true, dryRun: true };
    const { output, ...cost } = await runRestore(ports, input, name, now);
    const { status, exact, planned } = output;
    print({ ...cost, bytesWritten: scratch.bytesWritten, output: { status, exact, ...planned } });
    return;
  }
  const input = { bucket: BUCKET, deleteAfterDays: 35, action: phase === 'first' ? 'auto' : 'commit-changes' };
  const { output, steps } = await runBackup(ports, input, phase, undefined, { workflow: 'upkeep', now });
  const cpuSeconds = steps.reduce((sum, step) => sum + step.cpuSeconds, 0);
  const { status, versions, captured, removed } = output;
  const result = { status, versions, captured, removed };
  print({ cpuSeconds, peakMiB: peakMiB(), bytesWritten: vault.bytesWritten, output: result });
}

const print = (cost: PhaseCost): void => {
  console.log(JSON.stringify(cost));
};

runMain(main);
