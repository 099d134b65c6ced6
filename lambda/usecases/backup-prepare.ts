import { BackupError, ErrorName } from '../contract/errors';
import { planKey } from '../contract/layout';
import type { FanOutInput, StartInput, WaitAnswer } from '../contract/steps';
import { BackupRequest, parseBackupRequest } from '../core/backup-request';
import { fromIso, toIso } from '../core/instant';
import { jobIdOf } from '../core/job-id';
import type { BackupJob, ScanUnit } from '../core/jobs';
import type { Manifest } from '../core/manifest';
import type { BucketDescription } from '../ports/bucket-admin';
import type { JobLock, JobState } from '../ports/catalog';
import { isStoreError } from '../ports/object-store';
import { ChosenSource, chooseSource } from './choose-source';
import { backupJobEvent } from './job-events';
import type { BackupPorts } from './context';
import { planChanges } from './plan-changes';
import { shareOfRate } from './paced';
import { checkRecorded } from './recorded-manifest';
import { requestsSince } from './requests';
import { shareScan } from './shared-scan';
import { SCAN_STEP } from './step-names';
import { writeUnits } from './turns';
import { refuseVaultBucket } from './vault-buckets';

/** A job that waits for another one asks again each minute, less often in a long start window: */
const WAIT_SECONDS = 60;
/** an execution has at most 25,000 events, and each round takes about eight. */
const MAX_WAITS = 1_000;

/**
 * First step of a backup: validates the input, checks the bucket, takes the job lock and chooses the commit to build on. Answers
 * a wait when a scheduled job finds the bucket busy within its start window. Such a job asks nothing of the bucket before it
 * has the lock: it may wait for long, and then share the scan of the job that it waited for.
 */
export async function prepareBackup(
  ports: BackupPorts,
  { input, execution }: StartInput,
): Promise<FanOutInput<BackupJob, ScanUnit> | WaitAnswer> {
  const { deployment, catalog } = ports;
  const request = parseBackupRequest(input, { buckets: [deployment.vaultBucket, deployment.scratchBucket] });
  const described = request.scheduled ? undefined : await describeSource(ports, request.bucket);
  const now = described?.date ?? (await ports.vault.now());
  const jobId = jobIdOf(execution);
  const record = async (state: JobState): Promise<void> => {
    const createdAt = toIso(fromIso(execution.startTime));
    const job = { jobId, bucket: request.bucket, createdAt };
    const { plan, rule } = request.scheduled ?? {};
    const { put, before } = await catalog.putJobUnlessEnded({
      ...job,
      type: 'BACKUP',
      state,
      executionArn: execution.arn,
      plan,
      rule,
    });
    // A step that outlives its execution says nothing any more, and one that goes on waiting nothing new.
    if (put && !(state === 'PENDING' && before?.state === state))
      await ports.events.publish(backupJobEvent(deployment, job, { state }));
  };
  const lock = await takeLock(ports, request, jobId, execution.arn);
  if (lock.jobId !== jobId) {
    refuseBusy(request, lock, now);
    await record('PENDING');
    return { wait: waitSeconds(request, now) };
  }
  refuseLate(request, now);
  if (described) await ports.vault.ensureFormat();
  const base = await findBase(ports, request.bucket);
  const shared = await shareScan(ports, request, base?.manifest, now);
  const { units, ...scan } = shared ?? (await ownScan(ports, request, base?.manifest, described));
  const job: BackupJob = {
    jobId,
    executionArn: execution.arn,
    startedAt: toIso(fromIso(execution.startTime)),
    bucket: request.bucket,
    ...scan,
    previousAsOf: base ? fromIso(base.manifest.asOf) : 0,
    base: base && { seq: base.manifest.seq, sha256: base.sha256 },
    seq: (base?.manifest.seq ?? 0) + 1,
    fence: lock.fence,
    versions: request.versions,
    metadata: request.metadata,
    deleteAfterDays: request.deleteAfterDays,
    recoveryPointTags: request.recoveryPointTags,
    scheduled: request.scheduled,
  };
  const requestsPerSecond = shareOfRate(ports.settings, units.length);
  const plan = await firstPlan(ports, {
    job,
    units: units.map((unit): ScanUnit => ({ ...unit, requestsPerSecond })),
  });
  await record('RUNNING');
  ports.log.info('BackupStarted', { jobId, bucket: job.bucket, asOf: plan.job.asOf, seq: plan.job.seq });
  return writeUnits(ports.scratch, SCAN_STEP, plan.job, plan.units);
}

interface ScanPlan {
  readonly job: BackupJob;
  readonly units: readonly ScanUnit[];
}

/**
 * A Prepare that is repeated may find another report, and a bucket that has changed: what the first attempt decided holds, since workers
 * may have begun with it. The fence is that of the lock as it is held now.
 */
async function firstPlan({ scratch }: BackupPorts, plan: ScanPlan): Promise<ScanPlan> {
  const { value } = await scratch.create(planKey(plan.job.jobId), plan);
  return { ...value, job: { ...value.job, fence: plan.job.fence } };
}

/** What to scan. */
async function ownScan(
  ports: BackupPorts,
  request: BackupRequest,
  base: Manifest | undefined,
  known: BucketDescription | undefined,
): Promise<ChosenSource & Pick<BackupJob, 'requests' | 'changes' | 'region' | 'aclsEnabled' | 'ownership'>> {
  const { region, aclsEnabled, ownership, date } = known ?? (await describeSource(ports, request.bucket));
  const before = { ...ports.source.counts() };
  if (!base) await refuseVaultBucket(ports.source, request.bucket, 'bucket');
  const source = await chooseSource(ports, request, base, date);
  const changes = await planChanges(ports, request, base, { asOf: source.asOf, now: date });
  return { ...source, requests: requestsSince(ports.source, before), changes, region, aclsEnabled, ownership };
}

/** The bucket as it must be: there, ours, in this Region and versioned. */
async function describeSource(ports: BackupPorts, bucket: string): Promise<BucketDescription> {
  const described = await describeBucket(ports, bucket, 'and be selected in a plan of this vault');
  if (described.region !== ports.deployment.region)
    throw new BackupError(
      ErrorName.regionMismatch,
      `bucket "${bucket}" is in ${described.region}, the backup vault in ${ports.deployment.region}: use a vault in the bucket's Region`,
    );
  if (described.versioning !== 'Enabled')
    throw new BackupError(
      ErrorName.versioningNotEnabled,
      `versioning of bucket "${bucket}" is ${described.versioning}, it must be Enabled: turn it on with PutBucketVersioning`,
    );
  return described;
}

/** `rule` completes the sentence about a bucket that may not be looked at. */
export async function describeBucket(
  ports: Pick<BackupPorts, 'buckets' | 'deployment'>,
  bucket: string,
  rule: string,
): Promise<BucketDescription> {
  try {
    return await ports.buckets.describe(bucket);
  } catch (cause) {
    if (isStoreError(cause, 'no-such-bucket', 'not-found'))
      throw new BackupError(ErrorName.bucketNotFound, `bucket "${bucket}" does not exist: check the name`, { cause });
    if (isStoreError(cause, 'access-denied'))
      throw new BackupError(
        ErrorName.accessDenied,
        `access to bucket "${bucket}" is denied: it must belong to account ${ports.deployment.accountId} ${rule}`,
        { cause },
      );
    throw cause;
  }
}

async function takeLock(
  ports: BackupPorts,
  request: BackupRequest,
  jobId: string,
  executionArn: string,
): Promise<JobLock> {
  const wanted = { bucket: request.bucket, jobId, executionArn };
  const lock = await ports.catalog.takeLock(wanted);
  if (lock.jobId === jobId || (await ports.executions.isRunning(lock.executionArn))) return lock;
  ports.log.warn('LockTakenOver', { jobId, bucket: request.bucket, from: lock.jobId });
  return ports.catalog.takeLock({ ...wanted, from: lock });
}

function refuseBusy(request: BackupRequest, lock: JobLock, now: number): void {
  if (!request.scheduled)
    throw new BackupError(
      ErrorName.backupAlreadyRunning,
      `job ${lock.jobId} is backing up bucket "${request.bucket}": wait for it to end, or stop it`,
    );
  refuseLate(request, now);
}

/** A scheduled job that has not begun within its start window never does. */
function refuseLate(request: BackupRequest, now: number): void {
  const { scheduled } = request;
  if (scheduled && now > fromIso(scheduled.startBy))
    throw new BackupError(
      ErrorName.startWindowExceeded,
      `the job could not start by ${scheduled.startBy}, the end of its start window: widen the window, or run fewer jobs of bucket "${request.bucket}"`,
    );
}

function waitSeconds({ scheduled }: BackupRequest, now: number): number {
  const left = scheduled ? fromIso(scheduled.startBy) - now : 0;
  return Math.max(WAIT_SECONDS, Math.ceil(left / MAX_WAITS));
}

/** The newest commit of the bucket. */
async function findBase(
  ports: BackupPorts,
  bucket: string,
): Promise<{ manifest: Manifest; sha256: string } | undefined> {
  const known = await ports.catalog.listRecoveryPoints({ bucket, limit: 1 });
  const seq = await ports.vault.newestSeq(bucket, known.items[0]?.seq);
  if (seq === undefined) return undefined;
  const found = await ports.vault.readManifest(bucket, seq);
  if (!found)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `manifest ${String(seq)} of bucket "${bucket}" vanished while being read`,
    );
  checkRecorded(known.items[0], found);
  return found;
}
