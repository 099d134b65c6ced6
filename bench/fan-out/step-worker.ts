import { MemoryS3 } from '../../lambda/adapters/memory';
import type { RestoreJob } from '../../lambda/core/restore/job';
import { commitBackup } from '../../lambda/usecases/backup/commit';
import { partitionBackup } from '../../lambda/usecases/backup/partition';
import { endOfRangeAt } from '../../lambda/usecases/history/segment-index';
import { assessRestore } from '../../lambda/usecases/restore/assess';
import { finishRestore } from '../../lambda/usecases/restore/finish';
import { planRestore } from '../../lambda/usecases/restore/plan';
import { Vault } from '../../lambda/usecases/vault/vault';
import { runMain } from '../../local/support/run-main';
import { DiskStore, NOW } from '../support/disk-store';
import { BUCKET } from '../support/generated-bucket';
import { peakMiB } from '../support/peak-memory';
import { type JobShape, scaleJob, ScaleStore } from '../support/scale-store';
import { benchPorts } from '../support/steps';

/** A step that runs once a job, in one Lambda, or what each worker reads before it begins. */
export type SingleStep =
  'partition' | 'commit' | 'next commit' | 'read manifest' | 'restore plan' | 'assess' | 'finish';

/** What a step took; the time of its requests is not in it. */
export interface SingleStepCost {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
  readonly requests: Readonly<Record<string, number>>;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** Runs one step of a job of the given shape over work files that are made as they are read, and prints what it took. */
async function main(): Promise<void> {
  const [step = '', shapeText = '{}', folder = ''] = process.argv.slice(2);
  const shape = JSON.parse(shapeText) as JobShape;
  const history = new DiskStore(folder);
  const needsManifest = MANIFEST_STEPS.has(step);
  const store = new ScaleStore(shape, needsManifest ? history : undefined);
  if (step === 'write manifest') {
    const vault = new Vault(history, 'the-vault');
    await vault.commit(await store.manifest(vault));
    console.log(JSON.stringify({ bytes: history.bytesWritten }));
    return;
  }
  const found = needsManifest ? await new Vault(history, 'the-vault').readManifest(BUCKET, 1) : undefined;
  if (step === 'next commit') store.round = 2;
  const base = { seq: 1, sha256: found?.sha256 ?? '' };
  const s3 = new MemoryS3({ account: '111111111111', now: NOW });
  const ports = { ...benchPorts(store, store, store, NOW, s3), destination: store };
  const cpu = process.cpuUsage();
  await STEPS[step as SingleStep](ports, base);
  const { user, system } = process.cpuUsage(cpu);
  const { bytesRead, bytesWritten } = store;
  const requests = store.counts();
  const cost: SingleStepCost = {
    cpuSeconds: (user + system) / 1e6,
    peakMiB: peakMiB(),
    requests,
    bytesRead,
    bytesWritten,
  };
  console.log(JSON.stringify(cost));
}

type Ports = ReturnType<typeof benchPorts>;
type Base = { readonly seq: number; readonly sha256: string };

/** Steps that read a manifest that was there before. */
const MANIFEST_STEPS: ReadonlySet<string> = new Set(['next commit', 'read manifest', 'restore plan']);

const STEPS: Readonly<Record<SingleStep, (ports: Ports, base: Base) => Promise<unknown>>> = {
  partition: (ports) => partitionBackup(ports, { job: scaleJob, choosesConcurrency: true }),
  commit: (ports) => commitBackup(ports, { job: scaleJob }),
  // Something has changed in every range.
  'next commit': (ports, base) => commitBackup(ports, { job: { ...scaleJob, base, seq: 2 } }),
  'read manifest': async (ports, base) => endOfRangeAt(ports.vault, await ports.vault.readBase(BUCKET, base), 'data/'),
  'restore plan': (ports) =>
    planRestore(ports, {
      input: { sourceBucket: BUCKET, destinationBucket: 'restored', createBucket: true },
      execution: { arn: scaleJob.executionArn, name: 'scale', startTime: scaleJob.startedAt },
    }),
  assess: (ports) => assessRestore(ports, { job: restoreJob }),
  finish: (ports) => finishRestore(ports, { job: restoreJob }),
};

const restoreJob = {
  jobId: scaleJob.jobId,
  executionArn: scaleJob.executionArn,
  startedAt: scaleJob.startedAt,
  sourceBucket: BUCKET,
  point: { seq: 1, sha256: '' },
  asOf: NOW,
  pointInTime: false,
  recoveryPointId: `${BUCKET}/1`,
  history: 'history.json',
  selection: `jobs/${scaleJob.jobId}/plan/all/selection.json`,
  destination: {
    bucket: 'restored',
    exists: true,
    create: false,
    aclsEnabled: false,
    ownership: 'BucketOwnerEnforced',
  },
  onExisting: 'skip',
  versions: 1,
  restoreTags: true,
  restoreAcls: false,
  storageClass: 'STANDARD',
  encryption: { type: 'DESTINATION_DEFAULT' },
  dryRun: false,
  rollback: false,
  removeMarkers: false,
} as unknown as RestoreJob;

runMain(main);
