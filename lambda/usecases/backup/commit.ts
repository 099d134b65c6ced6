import { BackupError, ErrorName } from '../../contract/errors';
import { continuousPointId, recoveryPointId, reportPrefix } from '../../contract/layout';
import type { BackupJob, ChangesToFold, CoverageGap, RangeUnit } from '../../core/backup/job';
import { countAll, countChanges, holdingsAfter } from '../../core/backup/point-counts';
import { RangeResult, sumResults } from '../../core/backup/range-result';
import type { BackupCounts, HistoryIndex, Manifest } from '../../core/history/manifest';
import { addCounts, Counts, total } from '../../core/values/counts';
import { fromIso, toIso } from '../../core/values/instant';
import type { RecoveryPointRecord } from '../../ports/catalog';
import type { BackupPorts } from '../context';
import { recoveryPointEvent } from '../jobs/events';
import { recordFinished } from '../jobs/finished';
import { RANGE_STEP, SCAN_STEP } from '../work/step-names';
import { resultsByUnit } from '../work/turns';
import { runsOf } from './compare/job-runs';
import { NextHistory } from './compare/next-history';
import { contradictions, eventGaps } from './coverage/found-gaps';
import { comparedBy, continuousOf, publishContinuous, shownBy, skippedReports, toldThrough } from './coverage/publish';
import { refuseLate } from './limits/windows';
import type { ScanResult } from './sources/result';
import { sharedCounts, sharedFrom } from './sources/shared-scan';

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
  /** Versions that were stored when their events came; of a bucket with continuous backup only. */
  readonly captured?: number;
  /** Versions that were gone before they could be read. */
  readonly lost?: number;
  /** What a scan has found and no event had told of. */
  readonly gaps?: number;
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
  const manifest = makeManifest(job, base, { ...work, date });
  const { existing, sha256 } = await ports.vault.commit(manifest);
  if (existing && existing.jobId !== job.jobId)
    throw new BackupError(
      ErrorName.backupSuperseded,
      `job ${existing.jobId} committed number ${String(job.seq)} of bucket "${job.bucket}" first, so nothing of this job counts: the next job starts from that commit`,
    );
  if (!job.internal) await publish(ports, job, { manifest: existing ?? manifest, sha256, date }, status);
  await publishContinuous(ports, job, existing ?? manifest, work.gaps ?? 0);
  const output: BackupOutput = {
    jobId: job.jobId,
    recoveryPointId: job.internal ? continuousPointId(job.bucket) : recoveryPointId(job.bucket, job.seq),
    status,
    asOf: (existing ?? manifest).asOf,
    source: job.source,
    objects: counts.objects,
    versions: counts.versions,
    bytes: counts.bytes,
    captured: counts.captured,
    lost: counts.lost,
    gaps: work.gaps,
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
  readonly history: Pick<Manifest, 'history' | 'continuous'> & KnownMetadata;
  readonly gaps?: number;
  /** Longest time from a change to its place in the log. */
  readonly lag: number;
  /** What the report tells besides. */
  readonly report: Readonly<Record<string, unknown>>;
}

async function ownWork(ports: BackupPorts, job: BackupJob, base: Manifest | undefined): Promise<Work> {
  const isScan = job.source !== 'changes';
  const scanned = await scannedBy(ports, job);
  const { totals, history, isMerged } = await sumRanges(ports, job, base);
  const runs = await runsOf(ports.scratch, job);
  const events = eventGaps(ports, job, base, totals);
  const isRead = job.metadata === 'FULL' && totals.unread === 0;
  const isOpen = [...runs.gaps, ...(job.continuous?.gaps ?? [])].some((gap) => gap.before > job.asOf);
  const hasGaps = events.missed.length > 0 || runs.gaps.some((gap) => isUnread(gap, base));
  const lateness = { lag: runs.lag, deliverySeconds: ports.settings.deliverySeconds };
  const known = knownMetadata(job, base, { hasGaps, isOpen, isRead, ...lateness });
  const counts = isScan ? countAll(scanned.versions, totals, job.source) : countChanges(base, totals, runs.rows);
  const wrong = contradictions(ports, job, counts, totals);
  const gaps = [...runs.gaps, ...events.missed, ...events.late, ...unreadUntil(known, base), ...wrong];
  const holdings = holdingsAfter(isScan, base, counts, totals);
  const continuous = continuousOf(job, base, {
    lag: runs.lag,
    gaps,
    lost: totals.lost - (totals.lostRemoved ?? 0),
    isRead: isRead && !isOpen,
    isMerged,
    holdings,
    reports: totals.reports,
  });
  return {
    counts,
    status: statusOf(job, counts, totals),
    requests: addCounts(addCounts({ ...totals.requests }, scanned.requests), job.requests),
    history: { history, ...known, continuous },
    gaps: continuous && Math.max(totals.gaps, events.missed.length) + wrong.length,
    lag: runs.lag,
    report: { details: skippedReports(job, base, totals.reports) },
  };
}

/** Whether a recovery point is counted by the history, and not by what a scan saw. */
const isOfHistory = (source: BackupJob['source'], { shown }: RangeResult): boolean =>
  source === 'changes' || (source === 'inventory' && shown !== undefined);

/**
 * A point of changes, or of a report under continuous backup, is whole only if the vault has the bodies of all versions that it shows, whichever job was to store them. A commit that is
 * only internal says what this job could not do.
 */
function statusOf({ internal, source }: BackupJob, counts: BackupCounts, totals: RangeResult): Work['status'] {
  const isPartial = internal
    ? totals.missing + totals.lost + total(totals.refused ?? {}) > 0
    : isOfHistory(source, totals)
      ? total(counts.skipped) > 0 || (source === 'inventory' && totals.missing > 0)
      : totals.missing > 0;
  return isPartial ? 'PARTIAL' : 'COMPLETED';
}

/** What the scan saw: a billion rows have thousands of results, with samples that nobody needs here. */
async function scannedBy(
  { scratch }: BackupPorts,
  { jobId }: BackupJob,
): Promise<Pick<ScanResult, 'versions' | 'requests'>> {
  let versions = 0;
  let requests: Counts = {};
  for await (const { results } of resultsByUnit<ScanResult>(scratch, jobId, SCAN_STEP)) {
    for (const result of results) {
      versions += result.versions;
      requests = addCounts(requests, result.requests);
    }
  }
  return { versions, requests };
}

/** What all ranges have done, and the history with that: both grow unit by unit, as all results together may not fit into memory. */
async function sumRanges(
  { scratch, vault, settings }: BackupPorts,
  job: BackupJob,
  base: Manifest | undefined,
): Promise<{ readonly totals: RangeResult; readonly history: HistoryIndex; readonly isMerged: boolean }> {
  // A job that scans nothing leaves all ranges but those that it worked on as they were.
  const cuts = job.source !== 'changes';
  const next = new NextHistory({ vault, job, base, cuts, pageSegments: settings.pageSegments });
  let totals = sumResults([]);
  const reports: string[] = [];
  let count = 0;
  let isMerged = false;
  for await (const { unit, results } of resultsByUnit<RangeResult, RangeUnit>(scratch, job.jobId, RANGE_STEP)) {
    const { segments, merged, ...sums } = sumResults(results);
    await next.add(unit, { segments, merged });
    reports.push(...sums.reports);
    totals = sumResults([totals, { ...sums, segments: [], merged: [], reports: [] }]);
    isMerged ||= merged.length > 0;
    count++;
  }
  totals = { ...totals, reports };
  // Nothing was captured since: the history stays as it is, and no page of it is read.
  if (count === 0 && base) return { totals, history: base.history, isMerged };
  if (count === 0) await next.add({ from: '' }, { segments: [], merged: [] });
  return { totals, history: await next.finish(), isMerged };
}

const sharedWork = (base: Manifest): Work => ({
  counts: sharedCounts(base),
  status: base.recoveryPoint?.state ?? 'COMPLETED',
  requests: {},
  lag: 0,
  history: {
    history: base.history,
    metadataThrough: base.metadataThrough,
    changesThrough: base.changesThrough,
    changesMissed: base.changesMissed,
    changesUnseen: base.changesUnseen,
    continuous: base.continuous,
  },
  report: sharedFrom(base),
});

/** The job still holds the lock under its number, and its time is not over. */
async function checkRight(ports: BackupPorts, job: BackupJob, now: number): Promise<void> {
  const lock = await ports.catalog.getLock(job.bucket);
  if (lock && (lock.jobId !== job.jobId || lock.fence !== job.fence))
    throw new BackupError(
      ErrorName.backupSuperseded,
      `job ${lock.jobId} took over the lock of bucket "${job.bucket}", so nothing of this job counts: wait for that job to end`,
    );
  refuseLate(job, now);
}

function makeManifest(
  job: BackupJob,
  base: Manifest | undefined,
  { counts, status: state, history, lag, date }: Work & { readonly date: number },
): Manifest {
  // What was captured is whole up to then, and nothing later is shown.
  const shown = shownBy(job, base, lag);
  const asOf = toIso(shown);
  return {
    bucket: job.bucket,
    region: job.region,
    seq: job.seq,
    previous: job.base,
    jobId: job.jobId,
    asOf,
    source: job.source,
    versions: job.versions,
    recoveryPoint: job.internal
      ? undefined
      : {
          state,
          plan: job.scheduled?.plan,
          rule: job.scheduled?.rule,
          deleteAt: job.deleteAfterDays === undefined ? undefined : toIso(shown + job.deleteAfterDays * DAY),
          tags: job.recoveryPointTags,
        },
    ownership: job.ownership,
    ...history,
    continuous: history.continuous && { ...history.continuous, ...comparedBy(job, base, date) },
    counts,
  };
}

type KnownMetadata = Pick<Manifest, 'metadataThrough' | 'changesThrough' | 'changesMissed' | 'changesUnseen'>;

interface MetadataFacts {
  readonly hasGaps: boolean;
  readonly isOpen: boolean;
  readonly isRead: boolean;
  /** Longest time from a change to its place in the log, and that within which S3 tells of it, seconds. */
  readonly lag: number;
  readonly deliverySeconds: number;
}

/** How far tags and ACLs are known, and the change log is taken in. */
function knownMetadata(job: BackupJob, base: Manifest | undefined, facts: MetadataFacts): KnownMetadata {
  const { asOf, changes } = job;
  // All is read with the first backup of a bucket.
  const readAt = facts.isRead || !base ? toIso(asOf) : undefined;
  const before = base?.metadataThrough;
  if (!changes)
    return {
      metadataThrough: readAt ?? before,
      changesThrough: base?.changesThrough,
      changesMissed: base?.changesMissed,
    };
  const through = toIso(changes.through);
  const isMissed = mayMiss(job, changes, readAt === undefined ? base : undefined, facts);
  const told = toIso(toldThrough(job, changes, base, facts));
  const captured = isMissed || (before !== undefined && before > told) ? before : told;
  return {
    metadataThrough: readAt ?? captured,
    changesThrough: through,
    changesMissed: isMissed || undefined,
    changesUnseen: changes.unseen || undefined,
  };
}

/** Whether changes of tags or ACLs may be missed. After a full read, where `base` is absent, only those count that come before S3 sends events again. */
function mayMiss(
  { continuous }: BackupJob,
  changes: ChangesToFold,
  base: Manifest | undefined,
  { hasGaps, isOpen }: { readonly hasGaps: boolean; readonly isOpen: boolean },
): boolean {
  if (!base) return changes.unseen || isOpen;
  return changes.missed || hasGaps || hasNewGap(continuous, base);
}

/** Whether changes of a gap may be unknown still: a full read that came after it has found them. */
const isUnread = ({ before }: CoverageGap, base: Manifest | undefined): boolean => {
  const read = base?.continuous?.metadataReadAt;
  return read === undefined || before > fromIso(read);
};

/** Capture was off since the last commit: what changed meanwhile, no event has told of. */
function hasNewGap(continuous: BackupJob['continuous'], { continuous: before }: Manifest): boolean {
  const known = Math.max(0, ...(before?.gaps ?? []).map((gap) => fromIso(gap.before)));
  return before !== undefined && (continuous?.gaps ?? []).some((gap) => gap.before > known);
}

/** A full read tells what tags and ACLs are by now: what they were since capture was off, nobody knows. */
function unreadUntil({ metadataThrough: read }: KnownMetadata, base: Manifest | undefined): readonly CoverageGap[] {
  const before = base?.metadataThrough;
  if (!base?.changesMissed || before === undefined || read === undefined || read <= before) return [];
  return [{ after: fromIso(before), before: fromIso(read), reason: 'metadata-missed' }];
}

/** The recovery point in the catalog, and the event about it. Both may happen twice. */
async function publish(
  ports: BackupPorts,
  job: BackupJob,
  { manifest, sha256, date }: { readonly manifest: Manifest; readonly sha256: string; readonly date: number },
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
  const { deleteAfterDays, scheduled } = job;
  const facts = { ...point, completedAt: toIso(date), deleteAfterDays, plan: scheduled?.plan, rule: scheduled?.rule };
  await ports.events.publish(recoveryPointEvent(ports.deployment, facts));
}

async function finishJob(ports: BackupPorts, job: BackupJob, output: BackupOutput, completedAt: string): Promise<void> {
  const { jobId, bucket, seq, startedAt, executionArn, scheduled } = job;
  const type = job.internal ? 'UPKEEP' : 'BACKUP';
  const { plan, rule, startBy } = scheduled ?? {};
  const asked = { plan, rule, startBy };
  await recordFinished(ports, { jobId, type, bucket, startedAt, completedAt, executionArn, ...asked }, output);
  ports.log.info('BackupCommitted', { jobId, bucket, seq, status: output.status });
}
