import {
  MemoryBucketAdmin,
  MemoryBucketClaims,
  MemoryCaptureControl,
  MemoryCatalog,
  MemoryChangeLog,
  MemoryEvents,
  MemoryExecutions,
  MemoryMetrics,
  MemoryS3,
  SilentLog,
} from '../../lambda/adapters/memory';
import type { FanOutInput, WorkInput, WorkOutput } from '../../lambda/contract/steps';
import { backUpRange } from '../../lambda/usecases/backup-range';
import { type BackupOutput, commitBackup } from '../../lambda/usecases/backup-commit';
import { partitionBackup } from '../../lambda/usecases/backup-partition';
import { prepareBackup } from '../../lambda/usecases/backup-prepare';
import { scanBackup } from '../../lambda/usecases/backup-scan';
import { type BackupPorts, type CountingStore, DEFAULT_SETTINGS } from '../../lambda/usecases/context';
import { readUnits, Scratch } from '../../lambda/usecases/turns';
import { Vault } from '../../lambda/usecases/vault';
import { type DiskStore, NOW } from './disk-store';
import { BUCKET } from './generated-bucket';

const ACCOUNT = '111111111111';
export const SCRATCH_BUCKET = 'the-scratch';

/** What one step took. */
export interface StepCost {
  readonly step: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly turns: number;
  /** Peak memory of the process until the end of the step. */
  readonly peakMiB: number;
}

/** Peak memory of this process so far. */
export const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024);

/** Ports of the Backup workflow over a generated bucket, with vault and scratch bucket on disk. */
export function benchPorts(source: CountingStore, vault: DiskStore, scratch: DiskStore): BackupPorts {
  const s3 = new MemoryS3({ account: ACCOUNT, now: NOW });
  s3.createBucket(BUCKET);
  return {
    source,
    vault: new Vault(vault, 'the-vault'),
    scratch: new Scratch(scratch, SCRATCH_BUCKET),
    buckets: new MemoryBucketAdmin(s3),
    catalog: new MemoryCatalog(),
    changeLog: new MemoryChangeLog(() => NOW),
    captureControl: new MemoryCaptureControl(),
    claims: new MemoryBucketClaims(),
    metrics: new MemoryMetrics(),
    events: new MemoryEvents(),
    executions: new MemoryExecutions(),
    deadline: { remainingMillis: () => Number.POSITIVE_INFINITY },
    log: new SilentLog(),
    deployment: {
      vaultName: 'Vault',
      vaultArn: 'arn:aws:s3:::the-vault',
      vaultBucket: 'the-vault',
      scratchBucket: SCRATCH_BUCKET,
      accountId: ACCOUNT,
      region: 'us-east-1',
      partition: 'aws',
    },
    settings: DEFAULT_SETTINGS,
    pace: () => ({ turn: () => Promise.resolve() }),
  };
}

/** Runs the steps of a backup one after the other, each unit in its turn, and says what each step took. */
export async function runBackup(
  ports: BackupPorts,
  input: unknown,
  name: string,
): Promise<{ output: BackupOutput; steps: StepCost[] }> {
  const startTime = new Date(NOW * 1_000).toISOString();
  const execution = { arn: `arn:aws:states:us-east-1:${ACCOUNT}:execution:backup:${name}`, name, startTime };
  const steps: StepCost[] = [];
  const measured = async <T>(step: string, run: () => Promise<{ value: T; turns: number }>): Promise<T> => {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    const { value, turns } = await run();
    const used = process.cpuUsage(cpu);
    steps.push({
      step,
      seconds: (performance.now() - wall) / 1_000,
      cpuSeconds: (used.user + used.system) / 1e6,
      turns,
      peakMiB: peakMiB(),
    });
    return value;
  };
  const once = async <T>(promise: Promise<T>): Promise<{ value: T; turns: number }> => ({
    value: await promise,
    turns: 1,
  });
  const prepared = await measured('prepare', () => once(prepareBackup(ports, { input, execution })));
  if ('wait' in prepared) throw new Error('the bucket is busy');
  const { job } = prepared;
  await measured('scan', () => fanOut(ports, 'scan', prepared, (work) => scanBackup(ports, work)));
  const ranges = await measured('partition', () => once(partitionBackup(ports, { job })));
  await measured('ranges', () => fanOut(ports, 'ranges', ranges, (work) => backUpRange(ports, work)));
  const output = await measured('commit', () => once(commitBackup(ports, { job })));
  return { output, steps };
}

async function fanOut<Job extends { jobId: string }, Unit extends { id: string }>(
  ports: BackupPorts,
  step: string,
  input: FanOutInput<Job, Unit>,
  work: (input: WorkInput<Job, Unit>) => Promise<WorkOutput>,
): Promise<{ value: undefined; turns: number }> {
  const { job } = input;
  const units = input.units.count === 1 ? [input.unit as Unit] : await readUnits<Unit>(ports.scratch, job.jobId, step);
  let turns = 0;
  for (const unit of units) {
    for (let state: WorkOutput = { more: true, turn: 0 }; state.more; turns++)
      state = await work({ job, unit, turn: state.turn });
  }
  return { value: undefined, turns };
}
