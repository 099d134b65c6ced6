import { BackupError, ErrorName } from '../../contract/errors';
import { planKey } from '../../contract/layout';
import { MetricName } from '../../contract/metrics';
import type { FanOutInput, StartInput, WaitAnswer } from '../../contract/steps';
import type { BackupJob, ScanUnit } from '../../core/backup/job';
import { BackupRequest, parseBackupRequest } from '../../core/backup/request';
import { parseUpkeepRequest } from '../../core/backup/upkeep-request';
import type { Manifest } from '../../core/history/manifest';
import { REPORT_LAG } from '../../core/history/arrival';
import { fromIso, toIso } from '../../core/values/instant';
import { jobIdOf } from '../../core/values/job-id';
import type { JobLock, JobState } from '../../ports/catalog';
import type { BackupPorts } from '../context';
import { Commit } from '../history/at';
import { findBase } from '../history/newest-commit';
import { backupJobEvent } from '../jobs/events';
import { SCAN_STEP } from '../work/step-names';
import { writeUnits } from '../work/turns';
import { CoverageNote } from './coverage/note';
import { stopContinuous } from './coverage/publish';
import { takeLock, refuseBusy, refuseLateStart, waitSeconds } from './limits/lock';
import { shareOfRate } from './limits/paced';
import { describeSource } from './sources/describe-source';
import { ownScan, OwnScan } from './sources/own-scan';
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
  const { deployment } = ports;
  const parse = workflow === 'upkeep' ? parseUpkeepRequest : parseBackupRequest;
  const request = parse(input, { buckets: [deployment.vaultBucket, deployment.scratchBucket] });
  const described = request.scheduled ? undefined : await describeSource(ports, request);
  const now = described?.date ?? (await ports.vault.now());
  const jobId = jobIdOf(execution);
  const lock = await takeLock(ports, request, jobId, execution.arn);
  if (lock.jobId !== jobId) {
    refuseBusy(request, lock, now, fromIso(execution.startTime));
    await record(ports, request, execution, 'PENDING');
    return { wait: waitSeconds(request, now) };
  }
  const note = await CoverageNote.ofJob(ports.scratch, jobId);
  // One that waited for S3's events has begun before that.
  refuseLateStart(request, note.begunAt ?? now);
  if (described) await ports.vault.ensureFormat();
  const base = await findBase(ports, request.bucket);
  measureAge(ports, request, base?.manifest, now);
  const shared = await shareScan(ports, request, base?.manifest, now);
  const own = shared ?? (await ownScan(ports, request, base?.manifest, { described, jobId, note }));
  if ('wait' in own) {
    await record(ports, request, execution, 'PENDING');
    return own;
  }
  const { units, ...scan } = own;
  const job = jobOf(request, execution, { lock, base, scan });
  const requestsPerSecond = shareOfRate(ports.settings, units.length);
  const plan = await firstPlan(ports, {
    job,
    units: units.map((unit): ScanUnit => ({ ...unit, requestsPerSecond })),
  });
  await record(ports, request, execution, 'RUNNING');
  ports.log.info('BackupStarted', { jobId, bucket: job.bucket, asOf: plan.job.asOf, seq: plan.job.seq });
  return writeUnits(ports.scratch, SCAN_STEP, plan.job, plan.units);
}

/** The job's record and event. A step that outlives its execution says nothing any more, and one that goes on waiting nothing new. */
async function record(
  { catalog, deployment, events }: BackupPorts,
  { bucket, scheduled, upkeep }: BackupRequest,
  execution: StartInput['execution'],
  state: JobState,
): Promise<void> {
  const job = { jobId: jobIdOf(execution), bucket, createdAt: toIso(fromIso(execution.startTime)) };
  const { plan, rule, startBy } = scheduled ?? {};
  const { put, before } = await catalog.putJobUnlessEnded({
    ...job,
    type: upkeep ? 'UPKEEP' : 'BACKUP',
    state,
    executionArn: execution.arn,
    plan,
    rule,
  });
  if (put && !upkeep && !(state === 'PENDING' && before?.state === state))
    await events.publish(backupJobEvent(deployment, { ...job, plan, rule, startBy }, { state }));
}

/** How long changes have waited in the log for a commit. */
function measureAge(
  { metrics }: BackupPorts,
  { bucket, upkeep }: BackupRequest,
  base: Manifest | undefined,
  now: number,
): void {
  if (upkeep && base?.changesThrough !== undefined)
    metrics.put(MetricName.uncommittedAge, now - fromIso(base.changesThrough), bucket);
}

function jobOf(
  request: BackupRequest,
  execution: StartInput['execution'],
  { lock, base, scan }: { lock: JobLock; base: Commit | undefined; scan: Omit<OwnScan, 'units'> },
): BackupJob {
  const { readAll, ...scanned } = scan;
  return {
    jobId: jobIdOf(execution),
    executionArn: execution.arn,
    startedAt: toIso(fromIso(execution.startTime)),
    bucket: request.bucket,
    ...scanned,
    internal: request.upkeep && true,
    previousAsOf: base ? lastScanOf(base.manifest) : 0,
    lastSeenAll: base && lastSeenAll(base.manifest),
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

/** A report may leave out what came shortly before it. Continuous backup remembers the last look at all versions over those at current ones. */
function lastSeenAll(manifest: Manifest): number | undefined {
  if (manifest.versions === 'CURRENT' && !manifest.continuous) return undefined;
  const isReport = manifest.source === 'inventory' && !manifest.continuous;
  return lastScanOf(manifest) - (isReport ? REPORT_LAG : 0);
}

/** When the bucket was looked at before. */
const lastScanOf = ({ asOf, continuous }: Manifest): number => fromIso(continuous?.reconciledThrough ?? asOf);
