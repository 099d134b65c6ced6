import { continuousPointId } from '../../../contract/layout';
import { MetricName } from '../../../contract/metrics';
import type { Holdings } from '../../../core/backup/holdings';
import type { BackupJob, ChangesToFold, ContinuousJob, CoverageGap } from '../../../core/backup/job';
import type { Said } from '../../../core/backup/late-events';
import { withComparison } from '../../../core/backup/comparisons';
import { REFUSED } from '../../../core/backup/refused';
import type { Manifest } from '../../../core/history/manifest';
import { droppedThrough, windowStart } from '../../../core/backup/window';
import { REPORT_LAG } from '../../../core/history/arrival';
import { fromIso, toIso } from '../../../core/values/instant';
import type { ContinuousPointRecord } from '../../../ports/catalog';
import type { BackupPorts } from '../../context';
import { recoveryPointEvent } from '../../jobs/events';

type Continuous = NonNullable<Manifest['continuous']>;

const DAY = 24 * 60 * 60;

/** What the job has found out besides what it was told. */
export interface ContinuousFacts {
  /** Longest time from a change to its place in the log. */
  readonly lag: number;
  /** Gaps that jobs have noted in the log. */
  readonly gaps: readonly CoverageGap[];
  /** Versions that were gone before they could be stored, and whose removal is not known. */
  readonly lost: number;
  /** All tags and ACLs were read, and what changes since then is told of. */
  readonly isRead: boolean;
  /** Some of the history was merged: versions that were removed before the window are dropped. */
  readonly isMerged: boolean;
  /** What the bucket holds by all that is known. */
  readonly holdings: Holdings;
  /** Files that list the versions which this job could not store. */
  readonly reports: readonly string[];
}

/** How far a commit was said to be whole; undefined before continuous backup. */
export const saidBy = (base: Manifest | undefined): Said | undefined =>
  base?.continuous && {
    since: fromIso(base.continuous.since),
    capturedThrough: fromIso(base.continuous.capturedThrough),
    reconciledThrough: fromIso(base.continuous.reconciledThrough),
  };

/** How far a commit is whole. Who was late once may be late again. */
const capturedBy = (continuous: ContinuousJob, base: Manifest | undefined, lag: number): number =>
  Math.max(
    base?.continuous ? fromIso(base.continuous.capturedThrough) : continuous.since,
    continuous.capturedThrough - lag,
  );

/**
 * Through when S3 has told of changes of tags and ACLs, and what it told is in the log. S3 has events on their way; how long the queue holds some
 * back is looked at only where backup is continuous.
 */
export const toldThrough = (
  { continuous }: BackupJob,
  changes: ChangesToFold,
  base: Manifest | undefined,
  { lag, deliverySeconds }: { readonly lag: number; readonly deliverySeconds: number },
): number => {
  const delivered = changes.through - deliverySeconds;
  return continuous ? Math.min(delivered, capturedBy(continuous, base, lag)) : delivered - lag;
};

/** The instant that a commit shows: of what was captured, up to where it is whole. */
export function shownBy({ asOf, source, continuous }: BackupJob, base: Manifest | undefined, lag: number): number {
  if (source !== 'changes' || !continuous) return asOf;
  return Math.max(capturedBy(continuous, base, lag), base ? fromIso(base.asOf) : 0);
}

/** What the commit says of continuous backup. Watermarks never go back: what was whole once stays so. */
export function continuousOf(
  job: BackupJob,
  base: Manifest | undefined,
  { lag, gaps, lost, isRead, isMerged, holdings, reports }: ContinuousFacts,
): Continuous | undefined {
  const { continuous, changes, asOf } = job;
  if (!continuous) return undefined;
  const before = base?.continuous;
  const scan = scanOf(job);
  const horizon = (changes?.through ?? asOf) - continuous.days * DAY;
  return {
    plan: continuous.plan,
    days: continuous.days,
    since: toIso(continuous.since),
    ...droppedBy(job, base, isMerged),
    capturedThrough: toIso(capturedBy(continuous, base, lag)),
    reconciledThrough: toIso(Math.max(scan?.compared ?? 0, continuous.reconciledThrough)),
    lastReport: scan?.report ?? before?.lastReport,
    holdings,
    skippedReports: [...ofLater(job, base), ...skippedReports(job, base, reports)],
    gaps: mergeGaps([...continuous.gaps, ...gaps.filter((gap) => gap.before > continuous.since)])
      .filter((gap) => gap.before > horizon)
      .map(({ after, before: until, reason }) => ({ after: toIso(after), before: toIso(until), reason })),
    stopped: continuous.stopped,
    deadLetters: continuous.deadLetters,
    metadataReadAt: isRead ? toIso(asOf) : before?.metadataReadAt,
    // A listing looks for them: what it does not find is gone.
    unresolved: job.source === 'listing' && scan ? lost : (continuous.unresolved ?? 0) + lost,
  };
}

/** Through when merges have dropped removed versions. Commits of earlier releases may have done it up to their whole window. */
function droppedBy(
  { asOf, continuous }: BackupJob,
  base: Manifest | undefined,
  isMerged: boolean,
): Pick<Continuous, 'droppedThrough'> {
  const before = base && droppedThrough(base);
  const now = isMerged && continuous ? windowStart(asOf, continuous.days) : undefined;
  if (before === undefined && now === undefined) return {};
  return { droppedThrough: toIso(Math.max(before ?? 0, now ?? 0)) };
}

/** Files that list the versions without a body of what a commit shows. A scan lists all of them anew. */
export const skippedReports = ({ source }: BackupJob, base: Manifest | undefined, own: readonly string[]): string[] => [
  ...(source === 'changes' ? (base?.continuous?.skippedReports ?? []) : []),
  ...own,
];

/** Through when a scan has compared all versions of the bucket with what is known; undefined without such a scan. */
function scanOf({
  source,
  versions,
  asOf,
  report,
}: BackupJob): { readonly compared: number; readonly report?: string } | undefined {
  if (source === 'changes' || versions === 'CURRENT') return undefined;
  if (source === 'listing') return { compared: asOf };
  return { compared: (report?.start ?? 0) - REPORT_LAG, report: report && toIso(report.start) };
}

/**
 * The last comparisons, with that of the job. It is over when all of the bucket was looked at: at `date`, when the job's work is done, at the
 * latest.
 */
export function comparedBy(job: BackupJob, base: Manifest | undefined, date: number): Pick<Continuous, 'comparisons'> {
  const scan = job.shared ? undefined : scanOf(job);
  return { comparisons: withComparison(base?.continuous, scan && { through: scan.compared, end: date }) };
}

/** So many files, the newest ones, are those of the upkeeps of about two days. */
const MOST_OF_LATER = 64;

/** Files that list the versions which came after a report, and which a commit before has refused: no scan of the report lists them anew. */
const ofLater = ({ source }: BackupJob, base: Manifest | undefined): readonly string[] =>
  source === 'inventory' ? (base?.continuous?.skippedReports ?? []).slice(-MOST_OF_LATER) : [];

/** Gaps that touch each other are one. */
function mergeGaps(gaps: readonly CoverageGap[]): CoverageGap[] {
  const merged: CoverageGap[] = [];
  for (const gap of [...gaps].sort((a, b) => a.after - b.after)) {
    const last = merged.at(-1);
    if (last && gap.after <= last.before) {
      const reasons = new Set([...last.reason.split(', '), ...gap.reason.split(', ')]);
      merged[merged.length - 1] = {
        after: last.after,
        before: Math.max(last.before, gap.before),
        reason: [...reasons].join(', '),
      };
    } else merged.push(gap);
  }
  return merged;
}

/** The continuous recovery point in the catalog, its event when its state changed, and metrics. All of it may happen twice. */
export async function publishContinuous(
  ports: Pick<BackupPorts, 'catalog' | 'deployment' | 'events' | 'metrics'>,
  job: BackupJob,
  manifest: Manifest,
  gaps: number,
): Promise<void> {
  const { continuous, bucket } = manifest;
  if (!continuous) return;
  const known = await ports.catalog.getContinuousPoint(bucket);
  if (known && known.seq > manifest.seq) return;
  const latest = fromIso(continuous.capturedThrough);
  const point: ContinuousPointRecord = {
    recoveryPointId: continuousPointId(bucket),
    bucket,
    state: continuous.stopped === undefined ? 'AVAILABLE' : 'STOPPED',
    ...(continuous.stopped !== undefined && { statusMessage: continuous.stopped }),
    plan: continuous.plan,
    createdAt: known?.createdAt ?? toIso(job.asOf),
    earliestRestorable: toIso(Math.max(fromIso(continuous.since), latest - continuous.days * DAY)),
    latestRestorable: continuous.capturedThrough,
    reconciledThrough: continuous.reconciledThrough,
    days: continuous.days,
    seq: manifest.seq,
  };
  await ports.catalog.putContinuousPoint(point);
  if (known?.state !== point.state) await publishState(ports, point, manifest.counts.bytes);
  measure(ports, point, manifest);
  if (job.source !== 'changes' || gaps > 0) ports.metrics.put(MetricName.reconcileGaps, gaps, bucket);
}

function measure(
  { metrics }: Pick<BackupPorts, 'metrics'>,
  { bucket, state }: ContinuousPointRecord,
  { continuous }: Manifest,
): void {
  metrics.put(MetricName.coverageLost, state === 'STOPPED' ? 1 : 0, bucket);
  metrics.put(MetricName.versionsRefused, continuous?.holdings?.skipped?.[REFUSED] ?? 0, bucket);
}

/** A job that cannot even begin: the continuous recovery point says so, once. */
export async function stopContinuous(
  ports: Pick<BackupPorts, 'catalog' | 'deployment' | 'events' | 'metrics'>,
  bucket: string,
  statusMessage: string,
): Promise<void> {
  const known = await ports.catalog.getContinuousPoint(bucket);
  if (!known) return;
  ports.metrics.put(MetricName.coverageLost, 1, bucket);
  if (known.state === 'STOPPED') return;
  const point: ContinuousPointRecord = { ...known, state: 'STOPPED', statusMessage };
  await ports.catalog.putContinuousPoint(point);
  await publishState(ports, point, 0);
}

const publishState = (
  ports: Pick<BackupPorts, 'deployment' | 'events'>,
  { recoveryPointId, bucket, createdAt, state, plan, days }: ContinuousPointRecord,
  bytes: number,
): Promise<void> =>
  ports.events.publish(
    recoveryPointEvent(ports.deployment, {
      recoveryPointId,
      bucket,
      createdAt,
      bytes,
      state,
      plan,
      deleteAfterDays: days,
    }),
  );
