import type { Io } from '../../../bin/output/io';
import { runCli } from '../../../bin/program';
import type {
  Clients,
  ExecutionProgress,
  ExecutionState,
  VaultDirectory,
  VaultNames,
} from '../../../bin/vault/clients';
import { MemoryChangeLog, MemoryObjectStore, MemoryS3 } from '../../../lambda/adapters/memory';
import type { ContinuousPointRecord, JobRecord, Page, RecoveryPointRecord } from '../../../lambda/ports/catalog';
import type { BackupOutput } from '../../../lambda/usecases/backup/commit';
import type { RestoreOutput } from '../../../lambda/usecases/restore/finish';

export const VAULT: VaultNames = {
  vaultName: 'my-vault',
  vaultBucket: 'vault-bucket',
  scratchBucket: 'scratch-bucket',
  catalogTable: 'catalog',
  backupStateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:backup',
  restoreStateMachineArn: 'arn:aws:states:eu-central-1:111122223333:stateMachine:restore',
};

export const BACKUP_OUTPUT: BackupOutput = {
  jobId: '20261122T101500Z-000000000001',
  recoveryPointId: 'photos/00000000000000000007',
  status: 'COMPLETED',
  asOf: '2026-11-22T10:15:00Z',
  source: 'listing',
  objects: 1234,
  versions: 1300,
  bytes: 5 * 1024 ** 2,
  stored: 1200,
  reused: 100,
  removed: 1,
  skipped: {},
  requests: { GetObject: 1200, ListObjectVersions: 2 },
  report: 's3://vault-bucket/buckets/photos/reports/1/report.json',
};

export const RESTORE_OUTPUT: RestoreOutput = {
  jobId: '20261122T111500Z-000000000002',
  status: 'COMPLETED',
  dryRun: false,
  recoveryPointId: 'photos/00000000000000000007',
  asOf: '2026-11-22T10:15:00Z',
  exact: true,
  destinationBucket: 'photos',
  planned: {
    objects: 2,
    versions: 3,
    markers: 1,
    bytes: 2048,
    conflicts: 0,
    skipped: { exists: 4 },
    requests: { PutObject: 3 },
    estimatedCost: 0.000015,
  },
  restored: 3,
  skipped: { exists: 4 },
  deleted: 1,
  failed: 0,
  bytes: 2048,
  verifiedByReading: 0,
  requests: { PutObject: 3 },
  report: 's3://scratch-bucket/reports/photos/2/report.json',
};

export const PLAN: RestoreOutput = { ...RESTORE_OUTPUT, dryRun: true, restored: 0, deleted: 0, bytes: 0 };

export const succeeded = (output: unknown): ExecutionState => ({ status: 'SUCCEEDED', output: JSON.stringify(output) });

/** What happens to an execution while it is looked at: states that it is in, and how it ends. */
export interface FakeExecution {
  readonly progress?: readonly (ExecutionProgress | Error)[];
  readonly end: ExecutionState | 'never' | Error;
}

export interface World {
  /** In the order in which they are started. */
  readonly executions?: readonly FakeExecution[];
  readonly jobs?: readonly JobRecord[];
  readonly recoveryPoints?: readonly RecoveryPointRecord[];
  readonly continuous?: readonly ContinuousPointRecord[];
  readonly more?: boolean;
  readonly interactive?: boolean;
  /** What the user answers; absent: a question is an error. */
  readonly answer?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  /** In the place of the fakes. */
  readonly clients?: Partial<Clients>;
  readonly io?: Partial<Io>;
  /** Ctrl-C at the n-th pause. */
  readonly interruptAt?: number;
}

export interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  /** Stdout byte for byte. */
  readonly bytes: Buffer;
  readonly stderr: string;
  readonly started: { readonly arn: string; readonly input: Record<string, unknown> }[];
  readonly listed: unknown[];
  readonly questions: string[];
  /** How often the history was asked for. */
  readonly looks: number;
}

/** A directory with one vault, and no stack. */
export const fakeDirectory = (overrides: Partial<VaultDirectory> = {}): VaultDirectory => ({
  region: () => Promise.resolve('eu-central-1'),
  parameter: (name) =>
    Promise.resolve(
      name === `/cdk-s3-backup/${VAULT.vaultBucket}` ? JSON.stringify({ formatVersion: 1, ...VAULT }) : undefined,
    ),
  stackOutputs: () => Promise.resolve(undefined),
  stackParameters: () => Promise.resolve([]),
  ...overrides,
});

/** Runs one command line on fakes, with the vault given. */
export async function cli(args: readonly string[], world: World = {}): Promise<Outcome> {
  return bareCli(['--vault', VAULT.vaultBucket, ...args], world);
}

export async function bareCli(args: readonly string[], world: World = {}): Promise<Outcome> {
  const out: Buffer[] = [];
  const err: string[] = [];
  const started: { arn: string; input: Record<string, unknown> }[] = [];
  const listed: unknown[] = [];
  const questions: string[] = [];
  const pauses = { count: 0 };
  const looks = { count: 0 };
  let interrupt: (() => void) | undefined;

  const io: Io = {
    out: (text) => out.push(Buffer.from(`${text}\n`)),
    write: (piece) => {
      out.push(Buffer.from(piece));
      return Promise.resolve();
    },
    err: (text) => err.push(text),
    interactive: world.interactive ?? false,
    confirm: (question) => {
      questions.push(question);
      return world.answer === undefined ? Promise.reject(new Error(question)) : Promise.resolve(world.answer);
    },
    readFile: (path) => {
      const text = world.files?.[path];
      return text === undefined ? Promise.reject(new Error('ENOENT')) : Promise.resolve(Buffer.from(text, 'latin1'));
    },
    sleep: () => {
      if (++pauses.count === world.interruptAt) interrupt?.();
      return Promise.resolve();
    },
    now: () => pauses.count * 1000,
    onInterrupt: (callback) => {
      interrupt = callback;
      return () => (interrupt = undefined);
    },
    ...world.io,
  };

  const fakeOf = (arn: string): FakeExecution => world.executions![Number(arn.split(':').at(-1))]!;
  const seen = new Map<string, number>();
  const page = <T>(options: unknown, items: readonly T[] = []): Promise<Page<T>> => {
    listed.push(options);
    return Promise.resolve({ items, ...(world.more && { next: 'more' }) });
  };
  const clients: Clients = {
    directory: fakeDirectory(),
    executions: {
      start: (arn, input) => {
        // As JSON, which has no undefined fields.
        started.push({ arn, input: JSON.parse(JSON.stringify(input)) });
        return Promise.resolve({ executionArn: `arn:aws:states:execution:${started.length - 1}` });
      },
      describe: (arn) => {
        const { progress = [], end } = fakeOf(arn);
        if (end instanceof Error) return Promise.reject(end);
        const running = end === 'never' || (seen.get(arn) ?? 0) < progress.length;
        return Promise.resolve(running ? { status: 'RUNNING' } : end);
      },
      progress: (arn) => {
        looks.count++;
        const index = seen.get(arn) ?? 0;
        const now = fakeOf(arn).progress?.[index] ?? {};
        seen.set(arn, now instanceof Error ? Infinity : index + 1);
        return now instanceof Error ? Promise.reject(now) : Promise.resolve(now);
      },
    },
    catalog: () => ({
      listJobs: (options) => page(options, world.jobs),
      listRecoveryPoints: (options) => page(options, world.recoveryPoints),
      getRecoveryPoint: () => Promise.resolve(undefined),
      listContinuousPoints: () => Promise.resolve(world.continuous ?? []),
      getContinuousPoint: (bucket) => Promise.resolve(world.continuous?.find((point) => point.bucket === bucket)),
    }),
    changeLog: () => new MemoryChangeLog(() => 0),
    store: () => new MemoryObjectStore(new MemoryS3()),
    ...world.clients,
  };
  const exitCode = await runCli(args, io, clients);
  const bytes = Buffer.concat(out);
  const stdout = bytes.toString().replace(/\n$/, '');
  return { exitCode, stdout, bytes, stderr: err.join('\n'), started, listed, questions, looks: looks.count };
}
