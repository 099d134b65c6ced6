import { BackupError, ErrorName } from '../contract/errors';
import { recoveryPointId, reportPrefix } from '../contract/layout';
import { addCounts, Counts, total } from '../core/counts';
import { toIso } from '../core/instant';
import type { BackupJob, RangeUnit } from '../core/jobs';
import { BackupCounts, Manifest, nextRanges } from '../core/manifest';
import { RangeResult, sumResults } from '../core/range-result';
import type { RecoveryPointRecord } from '../ports/catalog';
import type { BackupPorts } from './context';
import { backupJobEvent, recoveryPointEvent } from './job-events';
import type { ScanResult } from './scan-result';
import { sharedCounts, sharedFrom } from './shared-scan';
import { RANGE_STEP, SCAN_STEP } from './step-names';
import { readUnits, stepResults } from './turns';
import { refuseLate } from './windows';

/** Output of the Backup execution. */
export interface BackupOutput {
  readonly jobId: string;
  readonly recoveryPointId: string;
  readonly status: 'COMPLETED' | 'PARTIAL';
  readonly asOf: string;
  readonly source: BackupJob['source'];
  readonly objects: number;
  readonly versions: number;
  readonly bytes: number;
  readonly stored: number;
  readonly reused: number;
  readonly removed: number;
  readonly skipped: Counts;
  /** Requests to the source bucket. */
  readonly requests: Counts;
  readonly report: string;
}

const DAY = 24 * 60 * 60;

/** Last step of a backup: checks that nothing was forgotten, and makes the recovery point with one conditional PUT. */
export async function commitBackup(ports: BackupPorts, { job }: { job: BackupJob }): Promise<BackupOutput> {
  const base = await ports.vault.readBase(job.bucket, job.base);
  const work = job.shared && base ? sharedWork(base) : await ownWork(ports, job, base);
  const { counts, status, requests } = work;
  // The report is durable before the commit that it tells about; its date is S3's word for now.
  const report = `${reportPrefix(job.bucket, job.jobId)}report.json`;
  const body = Buffer.from(JSON.stringify({ job, status, counts, requests, ...work.report }, null, 2), 'utf8');
  await ports.vault.create(report, body);
  const { date } = await ports.vault.store.head({ bucket: ports.vault.bucket, key: report });
  // A repeated step finds its own commit: whatever happened to the lock since then does not matter.
  const before = await ports.vault.readManifest(job.bucket, job.seq);
  if (before?.manifest.jobId !== job.jobId) await checkRight(ports, job, date);
  const manifest = makeManifest(job, work);
  const { existing, sha256 } = await ports.vault.commit(manifest);
  if (existing && existing.jobId !== job.jobId)
    throw new BackupError(
      ErrorName.backupSuperseded,
      `job ${existing.jobId} committed number ${String(job.seq)} of bucket "${job.bucket}" first: nothing of this job counts, the next one starts from there`,
    );
  await publish(ports, job, { manifest: existing ?? manifest, sha256 }, status);
  const output: BackupOutput = {
    jobId: job.jobId,
    recoveryPointId: recoveryPointId(job.bucket, job.seq),
    status,
    asOf: toIso(job.asOf),
    source: job.source,
    objects: counts.objects,
    versions: counts.versions,
    bytes: counts.bytes,
    stored: counts.stored,
    reused: counts.reused,
    removed: counts.removed,
    skipped: counts.skipped,
    requests,
    report: `s3://${ports.vault.bucket}/${report}`,
  };
  await finishJob(ports, job, output, toIso(date));
  return output;
}

/** What the job found out, and the history that it leads to. */
interface Work {
  readonly counts: BackupCounts;
  readonly status: 'COMPLETED' | 'PARTIAL';
  readonly requests: Counts;
  readonly history: Pick<Manifest, 'segments' | 'ranges'> & KnownMetadata;
  /** What the report tells besides. */
  readonly report: Readonly<Record<string, unknown>>;
}

async function ownWork(ports: BackupPorts, job: BackupJob, base: Manifest | undefined): Promise<Work> {
  const units = await readUnits<RangeUnit>(ports.scratch, job.jobId, RANGE_STEP);
  const scans = await stepResults<ScanResult>(ports.scratch, job.jobId, SCAN_STEP);
  const totals = sumResults(await stepResults<RangeResult>(ports.scratch, job.jobId, RANGE_STEP));
  return {
    counts: countAll(scans, totals),
    status: totals.missing > 0 ? 'PARTIAL' : 'COMPLETED',
    requests: [...scans, job].reduce<Counts>((all, part) => addCounts(all, part.requests), { ...totals.requests }),
    history: { ...nextRanges(base, units, totals.segments, totals.merged), ...knownMetadata(job, base) },
    report: { details: totals.reports },
  };
}

const sharedWork = (base: Manifest): Work => ({
  counts: sharedCounts(base),
  status: base.recoveryPoint?.state ?? 'COMPLETED',
  requests: {},
  history: {
    segments: base.segments,
    ranges: base.ranges,
    metadataThrough: base.metadataThrough,
    changesThrough: base.changesThrough,
    changesMissed: base.changesMissed,
  },
  report: sharedFrom(base),
});

/** Invariant 6: every version that the scan saw was stored, reused, skipped for a reason, or not asked for. */
function countAll(scans: readonly ScanResult[], totals: RangeResult): BackupCounts {
  const { objects, versions, markers, bytes, stored, storedBytes, reused, removed, restated, skipped } = totals;
  const planned = scans.reduce((sum, scan) => sum + scan.versions, 0);
  const settled = stored + reused + total(skipped);
  if (settled + totals.leftOut !== planned || settled !== versions)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `the scan saw ${String(planned)} versions, but ${String(settled)} were stored, reused or skipped: nothing is committed, run the backup again`,
    );
  return { objects, versions, markers, bytes, stored, storedBytes, reused, removed, restated, skipped };
}

/** The job still holds the lock under its number, and its time is not over. */
async function checkRight(ports: BackupPorts, job: BackupJob, now: number): Promise<void> {
  const lock = await ports.catalog.getLock(job.bucket);
  if (lock && (lock.jobId !== job.jobId || lock.fence !== job.fence))
    throw new BackupError(
      ErrorName.backupSuperseded,
      `job ${lock.jobId} took bucket "${job.bucket}" over: nothing of this job counts`,
    );
  refuseLate(job, now);
}

function makeManifest(job: BackupJob, { counts, status: state, history }: Work): Manifest {
  const asOf = toIso(job.asOf);
  return {
    format: 1,
    bucket: job.bucket,
    region: job.region,
    seq: job.seq,
    previous: job.base,
    jobId: job.jobId,
    asOf,
    source: job.source,
    versions: job.versions,
    recoveryPoint: {
      state,
      plan: job.scheduled?.plan,
      rule: job.scheduled?.rule,
      deleteAt: job.deleteAfterDays === undefined ? undefined : toIso(job.asOf + job.deleteAfterDays * DAY),
      tags: job.recoveryPointTags,
    },
    ownership: job.ownership,
    ...history,
    counts,
  };
}

type KnownMetadata = Pick<Manifest, 'metadataThrough' | 'changesThrough' | 'changesMissed'>;

/** How far tags and ACLs are known, and the change log is taken in. */
function knownMetadata({ asOf, metadata, changes }: BackupJob, base: Manifest | undefined): KnownMetadata {
  if (!changes) {
    const metadataThrough = metadata === 'FULL' || !base ? toIso(asOf) : base.metadataThrough;
    return { metadataThrough, changesThrough: base?.changesThrough, changesMissed: base?.changesMissed };
  }
  const through = toIso(changes.through);
  const before = base?.metadataThrough;
  const captured = changes.missed || (before !== undefined && before > through) ? before : through;
  return {
    metadataThrough: metadata === 'FULL' || !base ? toIso(asOf) : captured,
    changesThrough: through,
    changesMissed: changes.missed || undefined,
  };
}

/** The recovery point in the catalog, and the event about it. Both may happen twice. */
async function publish(
  ports: BackupPorts,
  job: BackupJob,
  { manifest, sha256 }: { readonly manifest: Manifest; readonly sha256: string },
  state: 'COMPLETED' | 'PARTIAL',
): Promise<void> {
  const point: RecoveryPointRecord = {
    recoveryPointId: recoveryPointId(job.bucket, job.seq),
    bucket: job.bucket,
    seq: job.seq,
    state,
    asOf: manifest.asOf,
    createdAt: manifest.asOf,
    deleteAt: manifest.recoveryPoint?.deleteAt,
    jobId: job.jobId,
    manifestSha256: sha256,
    versions: job.versions,
    objects: manifest.counts.objects,
    versionCount: manifest.counts.versions,
    bytes: manifest.counts.bytes,
    tags: job.recoveryPointTags,
  };
  await ports.catalog.putRecoveryPoint(point);
  await ports.events.publish(recoveryPointEvent(ports.deployment, point));
}

async function finishJob(ports: BackupPorts, job: BackupJob, output: BackupOutput, completedAt: string): Promise<void> {
  await ports.catalog.putJob({
    jobId: job.jobId,
    type: 'BACKUP',
    bucket: job.bucket,
    state: output.status,
    createdAt: job.startedAt,
    completedAt,
    executionArn: job.executionArn,
    recoveryPointId: output.recoveryPointId,
    output: { ...output },
    plan: job.scheduled?.plan,
    rule: job.scheduled?.rule,
  });
  await ports.catalog.releaseLock(job.bucket, job.jobId);
  await ports.events.publish(
    backupJobEvent(
      ports.deployment,
      { jobId: job.jobId, bucket: job.bucket, createdAt: job.startedAt },
      { state: output.status, recoveryPointId: output.recoveryPointId, bytes: output.bytes, completedAt },
    ),
  );
  ports.log.info('BackupCommitted', { jobId: job.jobId, bucket: job.bucket, seq: job.seq, status: output.status });
}
