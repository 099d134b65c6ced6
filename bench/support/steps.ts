import { wantedInventory } from '../../lambda/adapters/bucket-inventory';
import {
  MemoryBucketAdmin,
  MemoryBucketClaims,
  MemoryCaptureControl,
  MemoryCatalog,
  MemoryChangeLog,
  MemoryEvents,
  MemoryExecutions,
  MemoryMetrics,
  MemoryObjectStore,
  MemoryS3,
  SilentLog,
} from '../../lambda/adapters/memory';
import type { FanOutInput, WorkInput, WorkOutput } from '../../lambda/contract/steps';
import type { BackupJob, RangeUnit } from '../../lambda/core/backup/job';
import { vaultInventory } from '../../lambda/core/inventory/place';
import type { PlanUnit, RestoreUnit } from '../../lambda/core/restore/job';
import type { CountingStore } from '../../lambda/ports/object-store';
import { type BackupOutput, commitBackup } from '../../lambda/usecases/backup/commit';
import { partitionBackup } from '../../lambda/usecases/backup/partition';
import { prepareBackup } from '../../lambda/usecases/backup/prepare';
import { backUpRange } from '../../lambda/usecases/backup/range';
import { scanBackup } from '../../lambda/usecases/backup/scan';
import { type BackupPorts, DEFAULT_SETTINGS, type RestorePorts } from '../../lambda/usecases/context';
import { assessRestore } from '../../lambda/usecases/restore/assess';
import { finishRestore } from '../../lambda/usecases/restore/finish';
import { planRestore } from '../../lambda/usecases/restore/plan';
import { planRestoreRange } from '../../lambda/usecases/restore/plan-range';
import { restoreRange } from '../../lambda/usecases/restore/range';
import { Vault } from '../../lambda/usecases/vault/vault';
import { PLAN_STEP, RESTORE_STEP } from '../../lambda/usecases/work/step-names';
import { readUnits, Scratch } from '../../lambda/usecases/work/turns';
import { NOW } from './disk-store';
import { BUCKET } from './generated-bucket';
import { peakMiB } from './peak-memory';

const ACCOUNT = '111111111111';
export const SCRATCH_BUCKET = 'the-scratch';

/** What one step took. */
export interface StepCost {
  readonly step: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly turns: number;
  /** Peak memory of the step's process until its end. */
  readonly peakMiB: number;
}

/** Ports of the Backup workflow over a generated bucket, with vault and scratch bucket on disk. */
export function benchPorts(
  source: CountingStore,
  vault: CountingStore,
  scratch: CountingStore,
  now = NOW,
  s3 = new MemoryS3({ account: ACCOUNT, now }),
): BackupPorts & { readonly destination: CountingStore } {
  const inventory = { ...vaultInventory(SCRATCH_BUCKET), format: 'Parquet' as const };
  s3.createBucket(BUCKET).inventories.set(inventory.id, wantedInventory(inventory, ACCOUNT));
  return {
    source,
    destination: new MemoryObjectStore(s3),
    vault: new Vault(vault, 'the-vault'),
    scratch: new Scratch(scratch, SCRATCH_BUCKET),
    buckets: new MemoryBucketAdmin(s3),
    catalog: new MemoryCatalog(),
    changeLog: new MemoryChangeLog(() => now),
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
    settings: { ...DEFAULT_SETTINGS, startSeconds: 0 },
    pace: () => ({ turn: () => Promise.resolve() }),
  };
}

/** A step whose units run in workers. */
export type WorkerStep = 'scan' | 'ranges';

/** What a worker's step runs over. */
export interface WorkerInput {
  readonly step: WorkerStep;
  readonly job: BackupJob;
  readonly units: readonly { readonly id: string }[];
}

/** What all units of a worker's step took. */
export interface WorkerCost {
  readonly cpuSeconds: number;
  readonly turns: number;
  readonly peakMiB: number;
}

export type Workers = (input: WorkerInput) => WorkerCost | Promise<WorkerCost>;

/** Runs the units of a step in this process, one after the other. */
export async function runWorker(ports: BackupPorts, { step, job, units }: WorkerInput): Promise<WorkerCost> {
  const cpu = process.cpuUsage();
  let turns = 0;
  for (const unit of units) {
    for (let state: WorkOutput = { more: true, turn: 0 }; state.more; turns++) {
      const input = { job, unit, turn: state.turn };
      state = await (step === 'scan'
        ? scanBackup(ports, input)
        : backUpRange(ports, input as WorkInput<BackupJob, RangeUnit>));
    }
  }
  return { cpuSeconds: secondsOf(process.cpuUsage(cpu)), turns, peakMiB: peakMiB() };
}

const secondsOf = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1e6;

/** Runs the steps of a backup one after the other, and says what each took. As on AWS, `workers` may run in other processes. */
export async function runBackup(
  ports: BackupPorts,
  input: unknown,
  name: string,
  workers: Workers = (work) => runWorker(ports, work),
  { workflow, now = NOW }: { readonly workflow?: 'backup' | 'upkeep'; readonly now?: number } = {},
): Promise<{ output: BackupOutput; steps: StepCost[] }> {
  const startTime = new Date(now * 1_000).toISOString();
  const execution = { arn: `arn:aws:states:us-east-1:${ACCOUNT}:execution:backup:${name}`, name, startTime };
  const steps: StepCost[] = [];
  const once = async <T>(step: string, promise: Promise<T>): Promise<T> => {
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    const value = await promise;
    const cpuSeconds = secondsOf(process.cpuUsage(cpu));
    steps.push({ step, seconds: secondsSince(wall), cpuSeconds, turns: 1, peakMiB: peakMiB() });
    return value;
  };
  const fanOut = async (step: WorkerStep, { job, unit, units }: FanOutInput<BackupJob, object>): Promise<void> => {
    const wall = performance.now();
    const all =
      units.count === 1 ? [unit as { id: string }] : await readUnits<{ id: string }>(ports.scratch, job.jobId, step);
    const cost = await workers({ step, job, units: all });
    steps.push({ step, seconds: secondsSince(wall), ...cost });
  };
  const prepared = await once('prepare', prepareBackup(ports, { input, execution, workflow }));
  if ('wait' in prepared) throw new Error('the bucket is busy');
  const { job } = prepared;
  await fanOut('scan', prepared);
  await fanOut('ranges', await once('partition', partitionBackup(ports, { job, choosesConcurrency: true })));
  const output = await once('commit', commitBackup(ports, { job }));
  return { output, steps };
}

/** Runs a restore in this process; a dry run ends with what it would do. */
export async function runRestore(ports: RestorePorts, input: unknown, name: string, now = NOW) {
  const startTime = new Date(now * 1_000).toISOString();
  const execution = { arn: `arn:aws:states:us-east-1:${ACCOUNT}:execution:restore:${name}`, name, startTime };
  const cpu = process.cpuUsage();
  const plan = await planRestore(ports, { input, execution });
  const { job } = plan;
  const prepareCpuSeconds = secondsOf(process.cpuUsage(cpu));
  const units = await unitsOf<PlanUnit>(ports, plan, PLAN_STEP);
  for (const unit of units) {
    for (let state: WorkOutput = { more: true, turn: 0 }; state.more;)
      state = await planRestoreRange(ports, { job, unit, turn: state.turn });
  }
  const work = await assessRestore(ports, { job });
  for (const unit of await unitsOf<RestoreUnit>(ports, work, RESTORE_STEP)) {
    for (let state: WorkOutput = { more: true, turn: 0 }; state.more;)
      state = await restoreRange(ports, { job, unit, turn: state.turn });
  }
  const output = await finishRestore(ports, { job });
  const cpuSeconds = secondsOf(process.cpuUsage(cpu));
  return { output, prepareCpuSeconds, cpuSeconds, units: units.length, peakMiB: peakMiB() };
}

const unitsOf = async <Unit>(
  { scratch }: Pick<RestorePorts, 'scratch'>,
  {
    job,
    unit,
    units,
  }: { readonly job: { readonly jobId: string }; readonly unit?: unknown; readonly units: { readonly count: number } },
  step: string,
): Promise<Unit[]> => (units.count === 1 ? [unit as Unit] : readUnits<Unit>(scratch, job.jobId, step));

const secondsSince = (start: number): number => (performance.now() - start) / 1_000;
