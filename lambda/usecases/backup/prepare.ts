import { BackupError, ErrorName } from '../../contract/errors';
import { planKey } from '../../contract/layout';
import { MetricName } from '../../contract/metrics';
import type { FanOutInput, StartInput, WaitAnswer } from '../../contract/steps';
import type { BackupJob, ScanUnit } from '../../core/backup/job';
import { BackupRequest, parseBackupRequest } from '../../core/backup/request';
import { parseUpkeepRequest } from '../../core/backup/upkeep-request';
import type { Manifest } from '../../core/history/manifest';
import { fromIso, toIso } from '../../core/values/instant';
import { jobIdOf } from '../../core/values/job-id';
import type { BucketDescription } from '../../ports/bucket-admin';
import type { JobState } from '../../ports/catalog';
import type { BackupPorts } from '../context';
import { checkRecorded } from '../history/recorded-manifest';
import { describeBucket } from '../jobs/describe-bucket';
import { backupJobEvent } from '../jobs/events';
import { refuseVaultBucket } from '../vault/vault-buckets';
import { requestsSince } from '../work/requests';
import { SCAN_STEP } from '../work/step-names';
import { writeUnits } from '../work/turns';
import { CoverageNote } from './coverage/note';
import { type Capture, ensureCapture, planChanges } from './coverage/plan-changes';
import { planContinuous } from './coverage/plan-continuous';
import { stopContinuous } from './coverage/publish';
import { takeLock, refuseBusy, refuseLate, waitSeconds } from './limits/lock';
import { shareOfRate } from './limits/paced';
import { ChosenSource, type SourceFacts, chosenSource, scannedBy } from './sources/choose';
import { shareScan } from './sources/shared-scan';

/**
 * First step of a backup: validates the input, checks the bucket, takes the job lock and chooses the commit to build on. Answers
 * a wait when a scheduled job finds the bucket busy within its start window. Such a job asks nothing of the bucket before it
 * has the lock: it may wait for long, and then share the scan of the job that it waited for.
 */
export async function prepareBackup(
  ports: BackupPorts,
  start: StartInput,
): Promise<FanOutInput<BackupJob, ScanUnit> | WaitAnswer> {
  try {
    return await prepare(ports, start);
  } catch (error) {
    const bucket = (start.input as { readonly bucket?: unknown } | null)?.bucket;
    if (error instanceof BackupError && STOPPING.includes(error.name) && typeof bucket === 'string')
      await stopContinuous(ports, bucket, error.message);
    throw error;
  }
}

/** Errors of a bucket whose changes go by unseen. */
const STOPPING: readonly string[] = [ErrorName.versioningNotEnabled, ErrorName.bucketNotFound, ErrorName.accessDenied];

async function prepare(
  ports: BackupPorts,
  { input, execution, workflow = 'backup' }: StartInput,
): Promise<FanOutInput<BackupJob, ScanUnit> | WaitAnswer> {
  const { deployment, catalog } = ports;
  const parse = workflow === 'upkeep' ? parseUpkeepRequest : parseBackupRequest;
  const request = parse(input, { buckets: [deployment.vaultBucket, deployment.scratchBucket] });
  const described = request.scheduled ? undefined : await describeSource(ports, request);
  const now = described?.date ?? (await ports.vault.now());
  const jobId = jobIdOf(execution);
  const record = async (state: JobState): Promise<void> => {
    const createdAt = toIso(fromIso(execution.startTime));
    const job = { jobId, bucket: request.bucket, createdAt };
    const { plan, rule } = request.scheduled ?? {};
    const { put, before } = await catalog.putJobUnlessEnded({
      ...job,
      type: request.upkeep ? 'UPKEEP' : 'BACKUP',
      state,
      executionArn: execution.arn,
      plan,
      rule,
    });
    // A step that outlives its execution says nothing any more, and one that goes on waiting nothing new.
    if (put && !request.upkeep && !(state === 'PENDING' && before?.state === state))
      await ports.events.publish(backupJobEvent(deployment, job, { state }));
  };
  const lock = await takeLock(ports, request, jobId, execution.arn);
  if (lock.jobId !== jobId) {
    refuseBusy(request, lock, now, fromIso(execution.startTime));
    await record('PENDING');
    return { wait: waitSeconds(request, now) };
  }
  const note = await CoverageNote.ofJob(ports.scratch, jobId);
  // One that waited for S3's events has begun before that.
  refuseLate(request, note.begunAt ?? now);
  if (described) await ports.vault.ensureFormat();
  const base = await findBase(ports, request.bucket);
  if (request.upkeep && base?.manifest.changesThrough !== undefined)
    ports.metrics.put(MetricName.uncommittedAge, now - fromIso(base.manifest.changesThrough), request.bucket);
  const shared = await shareScan(ports, request, base?.manifest, now);
  const own = shared ?? (await ownScan(ports, request, base?.manifest, { described, jobId, note }));
  if ('wait' in own) {
    await record('PENDING');
    return own;
  }
  const { units, readAll, ...scan } = own;
  const job: BackupJob = {
    jobId,
    executionArn: execution.arn,
    startedAt: toIso(fromIso(execution.startTime)),
    bucket: request.bucket,
    ...scan,
    internal: request.upkeep && true,
    previousAsOf: base ? lastScanOf(base.manifest) : 0,
    base: base && { seq: base.manifest.seq, sha256: base.sha256 },
    seq: (base?.manifest.seq ?? 0) + 1,
    fence: lock.fence,
    // Until all versions are scanned again, the numbers of what the bucket holds are those of current versions.
    versions: scan.source === 'changes' && base ? base.manifest.versions : request.versions,
    metadata: readAll ? 'FULL' : request.metadata,
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

/** When the bucket was looked at before. */
const lastScanOf = ({ asOf, continuous }: Manifest): number => fromIso(continuous?.reconciledThrough ?? asOf);

/** What to scan, or that nothing has to be. */
async function ownScan(
  ports: BackupPorts,
  request: BackupRequest,
  base: Manifest | undefined,
  { described, jobId, note }: { described: BucketDescription | undefined; jobId: string; note: CoverageNote },
): Promise<OwnScan | WaitAnswer> {
  const { region, aclsEnabled, ownership, date: now } = described ?? (await describeSource(ports, request));
  const bucketFacts = { region, aclsEnabled, ownership };
  const { bucket, metadata } = request;
  const before = { ...ports.source.counts() };
  if (!base) await refuseVaultBucket(ports.source, bucket, 'bucket');
  const capture =
    metadata === 'EVENTS' || base?.continuous
      ? await ensureCapture(ports, { bucket, jobId, base, now, note })
      : undefined;
  const asOf = Math.max(now, base ? fromIso(base.asOf) : 0);
  const logged = planChanges(ports, base, { asOf, now, capture });
  const continuous = await planContinuous(ports, request, base, { now, capture, changes: logged, note });
  const wait = await waitForEvents(ports, request, { base, now, capture, continuous, note });
  if (wait > 0) return { wait };
  const source = await chosenSource(ports, request, { base, now, continuous });
  const changes = {
    ...planChanges(ports, base, { asOf: source.asOf, now, capture }),
    ...(source.source === 'changes' &&
      base &&
      !request.upkeep && { recountFrom: fromIso(base.asOf) - ports.settings.settleSeconds }),
  };
  const requests = requestsSince(ports.source, before);
  const readAll = request.upkeep && source.source === 'listing' && continuous?.readAll;
  if (readAll) await note.beginToReadAll(bucket, now);
  return {
    ...source,
    readAll,
    requests,
    changes,
    continuous: continuous && scannedBy(source, continuous.job, base),
    ...bucketFacts,
  };
}
type OwnScan = ChosenSource & { readonly readAll?: boolean } & Pick<
    BackupJob,
    'requests' | 'changes' | 'continuous' | 'region' | 'aclsEnabled' | 'ownership'
  >;

/** Seconds until S3 is sure to send events: what is read before may change once more without anybody telling. */
async function waitForEvents(
  { settings: { startSeconds } }: BackupPorts,
  { bucket, upkeep }: BackupRequest,
  { base, now, capture, continuous, note }: SourceFacts & { capture: Capture | undefined; note: CoverageNote },
): Promise<number> {
  const isStart = upkeep ? continuous?.isStart === true : !base && capture === 'enabled';
  if (isStart) return note.waitFor(now, startSeconds);
  return base || capture === undefined ? 0 : note.restOfStart(bucket, now, startSeconds);
}

/** The bucket as it must be: there, ours, in this Region and versioned. */
async function describeSource(ports: BackupPorts, request: BackupRequest): Promise<BucketDescription> {
  const { bucket } = request;
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

/** The newest commit of the bucket. */
async function findBase(
  ports: BackupPorts,
  bucket: string,
): Promise<{ manifest: Manifest; sha256: string } | undefined> {
  const known = await ports.catalog.listRecoveryPoints({ bucket, limit: 1 });
  const continuous = await ports.catalog.getContinuousPoint(bucket);
  const hint = Math.max(known.items[0]?.seq ?? 0, continuous?.seq ?? 0);
  const seq = await ports.vault.newestSeq(bucket, hint === 0 ? undefined : hint);
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
