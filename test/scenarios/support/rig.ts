import {
  ManualDeadline,
  MemoryBucketAdmin,
  MemoryBucketClaims,
  MemoryCaptureControl,
  MemoryCatalog,
  MemoryChangeLog,
  MemoryEvents,
  MemoryExecutions,
  MemoryMarkerRemoval,
  MemoryMetrics,
  MemoryObjectStore,
  MemoryS3,
  SilentLog,
} from '../../../lambda/adapters/memory';
import { BackupError } from '../../../lambda/contract/errors';
import type {
  ExecutionContext,
  ExecutionEnded,
  FanOutInput,
  WorkInput,
  WorkOutput,
} from '../../../lambda/contract/steps';
import { jobIdOf } from '../../../lambda/core/values/job-id';
import { BackupOutput, commitBackup } from '../../../lambda/usecases/backup/commit';
import { partitionBackup } from '../../../lambda/usecases/backup/partition';
import { prepareBackup } from '../../../lambda/usecases/backup/prepare';
import { backUpRange } from '../../../lambda/usecases/backup/range';
import { scanBackup } from '../../../lambda/usecases/backup/scan';
import { CaptureMessage, captureChanges } from '../../../lambda/usecases/capture/changes';
import { BackupPorts, BackupSettings, DEFAULT_SETTINGS, RestorePorts } from '../../../lambda/usecases/context';
import { endJob } from '../../../lambda/usecases/jobs/ended';
import { recordFailure } from '../../../lambda/usecases/jobs/failed';
import { assessRestore } from '../../../lambda/usecases/restore/assess';
import { finishRestore, RestoreOutput } from '../../../lambda/usecases/restore/finish';
import { planRestore } from '../../../lambda/usecases/restore/plan';
import { planRestoreRange } from '../../../lambda/usecases/restore/plan-range';
import { restoreRange } from '../../../lambda/usecases/restore/range';
import { removeMarkers } from '../../../lambda/usecases/restore/remove-markers';
import { Vault } from '../../../lambda/usecases/vault/vault';
import { readUnits, Scratch } from '../../../lambda/usecases/work/turns';

export const VAULT = 'the-vault';
export const SCRATCH = 'the-scratch';

export interface RigOptions {
  /** @default those of a deployment, but jobs do not wait for S3 to begin with sending events */
  readonly settings?: Partial<BackupSettings>;
  /** Rows of a listing page. */
  readonly pageSize?: number;
  readonly deadline?: ManualDeadline;
}

/** Thrown by a test's hook: the execution is stopped, and none of its steps runs any more. */
export class Stopped extends Error {}

/** A vault with its workflows, in memory: runs the steps in the order in which the state machines do. */
export class Rig {
  readonly s3 = new MemoryS3();
  readonly catalog = new MemoryCatalog();
  readonly changeLog = new MemoryChangeLog(() => this.s3.now);
  readonly captureControl = new MemoryCaptureControl();
  readonly claims = new MemoryBucketClaims();
  readonly metrics = new MemoryMetrics();
  readonly events = new MemoryEvents();
  readonly executions = new MemoryExecutions();
  readonly log = new SilentLog();
  readonly deadline: ManualDeadline;
  readonly source: MemoryObjectStore;
  readonly captureSource: MemoryObjectStore;
  readonly vaultStore: MemoryObjectStore;
  readonly scratchStore: MemoryObjectStore;
  readonly destination: MemoryObjectStore;
  readonly markers: MemoryMarkerRemoval;
  readonly ports: BackupPorts & RestorePorts;
  /** Turns that workers took, by step. */
  readonly turns: Record<string, number> = {};
  /** Rates that requests waited for, one entry a request. */
  readonly paced: number[] = [];
  /** How often the state machine repeats a step that failed for no final reason. */
  retries = 0;
  /** Step whose turns are done by two workers at the same time. */
  doubled: string | undefined;
  /** Does the turn that is being done by another worker as well, from its beginning to its end. */
  again: (() => Promise<unknown>) | undefined;
  /** Seconds for which jobs waited until S3 sent events. */
  readonly waited: number[] = [];
  /** What happens while such a job waits. */
  whileWaiting: (() => Promise<unknown>) | undefined;
  private runs = 0;

  constructor(options: RigOptions = {}) {
    this.deadline = options.deadline ?? new ManualDeadline();
    this.s3.createBucket(VAULT);
    this.s3.createBucket(SCRATCH, { versioning: 'Disabled' });
    const store = (): MemoryObjectStore => new MemoryObjectStore(this.s3, { pageSize: options.pageSize });
    this.source = store();
    this.captureSource = store();
    this.vaultStore = store();
    this.scratchStore = store();
    this.destination = store();
    this.markers = new MemoryMarkerRemoval(this.s3);
    this.ports = {
      source: this.source,
      destination: this.destination,
      vault: new Vault(this.vaultStore, VAULT),
      scratch: new Scratch(this.scratchStore, SCRATCH),
      buckets: new MemoryBucketAdmin(this.s3),
      catalog: this.catalog,
      changeLog: this.changeLog,
      captureControl: this.captureControl,
      claims: this.claims,
      metrics: this.metrics,
      events: this.events,
      executions: this.executions,
      deadline: this.deadline,
      log: this.log,
      deployment: {
        vaultName: 'Vault',
        vaultArn: `arn:aws:s3:::${VAULT}`,
        vaultBucket: VAULT,
        scratchBucket: SCRATCH,
        accountId: this.s3.account,
        region: this.s3.region,
        partition: 'aws',
      },
      // Two segments fit into a manifest: commits of a few objects have pages of their index or not.
      settings: { ...DEFAULT_SETTINGS, startSeconds: 0, pageSegments: 2, ...options.settings },
      pace: (perSecond) => ({
        turn: () => {
          this.paced.push(perSecond);
          return Promise.resolve();
        },
      }),
    };
  }

  get stores(): readonly MemoryObjectStore[] {
    return [this.source, this.vaultStore, this.scratchStore, this.destination];
  }

  /** A Backup execution. Throws the error that the execution would fail with. */
  backup(input: unknown, name = this.nextName()): Promise<BackupOutput> {
    return this.run('backup', input, name);
  }

  /** An Upkeep execution. Throws the error that the execution would fail with. */
  upkeep(input: unknown, name = this.nextName()): Promise<BackupOutput> {
    return this.run('upkeep', input, name);
  }

  /** A job that has the lock waits for nobody else. */
  private async holdsLock(input: unknown, execution: ExecutionContext): Promise<boolean> {
    const lock = await this.catalog.getLock((input as { readonly bucket: string }).bucket);
    return lock?.jobId === jobIdOf(execution);
  }

  private async run(workflow: 'backup' | 'upkeep', input: unknown, name: string): Promise<BackupOutput> {
    const execution = this.execution(name);
    try {
      this.executions.running.add(execution.arn);
      const prepare = () => this.step(() => prepareBackup(this.ports, { input, execution, workflow }));
      let scan = await prepare();
      if ('wait' in scan && (await this.holdsLock(input, execution))) {
        this.waited.push(scan.wait);
        await this.whileWaiting?.();
        this.s3.advance(scan.wait);
        scan = await prepare();
      }
      if ('wait' in scan) throw new Error('the job has to wait');
      if (scan.job.shared) return await this.step(() => commitBackup(this.ports, { job: scan.job }));
      await this.fanOut('scan', scan, (work) => scanBackup(this.ports, work));
      const cut = { job: scan.job, choosesConcurrency: true } as const;
      const ranges = await this.step(() => partitionBackup(this.ports, cut));
      await this.fanOut('ranges', ranges, (work) => backUpRange(this.ports, work));
      return await this.step(() => commitBackup(this.ports, { job: scan.job }));
    } catch (error) {
      throw await this.failure(workflow === 'upkeep' ? 'UPKEEP' : 'BACKUP', input, execution, error);
    } finally {
      this.executions.running.delete(execution.arn);
    }
  }

  /** A Restore execution. */
  async restore(input: unknown, name = this.nextName()): Promise<RestoreOutput> {
    const execution = this.execution(name);
    try {
      const plan = await this.step(() => planRestore(this.ports, { input, execution }));
      await this.fanOut('plan', plan, (work) => planRestoreRange(this.ports, work));
      const work = await this.step(() => assessRestore(this.ports, { job: plan.job }));
      if (work.job.removeMarkers && work.units.count > 0)
        await this.fanOut('markers', work, (unit) => removeMarkers({ ...this.ports, markers: this.markers }, unit));
      await this.fanOut('restore', work, (unit) => restoreRange(this.ports, unit));
      return await this.step(() => finishRestore(this.ports, { job: plan.job }));
    } catch (error) {
      throw await this.failure('RESTORE', input, execution, error);
    }
  }

  /** A batch of the capture queue: answers the messages that SQS delivers again. */
  async capture(messages: readonly CaptureMessage[]): Promise<readonly CaptureMessage[]> {
    const { batchItemFailures } = await captureChanges({ ...this.ports, source: this.captureSource }, messages);
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    return messages.filter(({ messageId }) => failed.has(messageId));
  }

  /** All lines of the reports of restores. */
  reportLines(): Record<string, unknown>[] {
    return this.s3
      .keys(SCRATCH, 'reports/')
      .filter((key) => key.endsWith('.jsonl'))
      .flatMap((key) => (this.s3.text(SCRATCH, key) ?? '').trim().split('\n'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** What EventBridge is told of an execution that did not end well. */
  ended(input: unknown, { arn, name, startTime }: ExecutionContext, fields: Partial<ExecutionEnded> = {}) {
    const startDate = Date.parse(startTime);
    const stateMachineArn = 'arn:aws:states:us-east-1:111111111111:stateMachine:backup';
    const facts = { executionArn: arn, stateMachineArn, name, startDate, stopDate: this.s3.now * 1000 };
    const ended: ExecutionEnded = { ...facts, status: 'ABORTED', input: JSON.stringify(input), ...fields };
    return ended;
  }

  execution(name: string) {
    const startTime = new Date(Math.floor(this.s3.now) * 1000).toISOString();
    return { arn: `arn:aws:states:us-east-1:111111111111:execution:backup:${name}`, name, startTime };
  }

  nextName(): string {
    return `run-${String(++this.runs)}`;
  }

  /** A state of the state machine, with its retries. */
  private async step<T>(run: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await run();
      } catch (error) {
        if (attempt >= this.retries || error instanceof BackupError || error instanceof Stopped) throw error;
      }
    }
  }

  private async failure(
    type: 'BACKUP' | 'RESTORE' | 'UPKEEP',
    input: unknown,
    execution: ReturnType<Rig['execution']>,
    error: unknown,
  ) {
    if (error instanceof Stopped) {
      this.executions.running.delete(execution.arn);
      await endJob(this.ports, type, this.ended(input, execution));
      return error;
    }
    const { name, message } = error as Error;
    const cause = JSON.stringify({ errorType: name, errorMessage: message });
    const failure = { input, execution, error: { Error: name, Cause: cause }, failedAt: execution.startTime };
    await recordFailure(this.ports, type, failure);
    return error;
  }

  /** Runs a fan-out as the state machine does: in place for one unit, over the list in the scratch bucket for more. */
  private async fanOut<Job extends { jobId: string }, Unit extends { id: string }>(
    step: string,
    input: FanOutInput<Job, Unit>,
    work: (input: WorkInput<Job, Unit>) => Promise<WorkOutput>,
  ): Promise<void> {
    const { job } = input;
    const list = (): Promise<Unit[]> => readUnits<Unit>(this.ports.scratch, job.jobId, step);
    const units = input.units.count === 1 ? [input.unit as Unit] : await this.step(list);
    for (const unit of units) {
      for (let state: WorkOutput = { more: true, turn: 0 }; state.more;) {
        const input = { job, unit, turn: state.turn };
        const attempt = (): Promise<WorkOutput> => this.step(() => work(input));
        this.again = () => work(input);
        const [first, second] = await Promise.all(this.doubled === step ? [attempt(), attempt()] : [attempt()]);
        if (second) expect(second).toEqual(first);
        state = first;
        this.again = undefined;
        this.turns[step] = (this.turns[step] ?? 0) + 1;
      }
    }
  }
}
