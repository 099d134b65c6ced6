import { restoreReportPrefix } from '../contract/layout';
import { ENDED_WELL } from '../contract/metrics';
import { addCounts, Counts } from '../core/counts';
import { toIso } from '../core/instant';
import type { RestoreJob } from '../core/restore-job';
import { EXPECTED_SKIPS } from '../core/restore-plan';
import { MarkerResult, mergeCounts, PlanResult, PlanSummary, RestoreResult, sumNumbers } from '../core/restore-result';
import type { HistoryAt } from './history-at';
import { restoreJobEvent } from './job-events';
import { restoreReport } from './report';
import { missingItems, planResults, RESTORE_STEP, summarize } from './restore-assess';
import type { RestorePorts } from './restore-plan';
import { keepsUndo } from './restore-plan-book';
import { MARKERS_STEP } from './step-names';
import { Scratch, stepResults } from './turns';
import { undoUri } from './undo-files';

/** Output of the Restore execution. */
export interface RestoreOutput {
  readonly jobId: string;
  readonly status: 'COMPLETED' | 'PARTIAL';
  readonly dryRun: boolean;
  readonly recoveryPointId: string;
  readonly asOf: string;
  readonly exact: boolean;
  /** Keys in doubt by reason, and doubts of the instant itself, each with 1. Of a recovery point that scanned, only where tags may be stale. */
  readonly doubts?: Counts;
  readonly capturedThrough?: string;
  readonly reconciledThrough?: string;
  readonly destinationBucket: string;
  readonly planned: PlanSummary;
  readonly restored: number;
  readonly skipped: Counts;
  /** Delete markers written. */
  readonly deleted: number;
  /** Of a rollback that may remove delete markers: the restored versions that this brought back, and markers that stay, by reason. */
  readonly uncovered?: number;
  readonly keptMarkers?: Counts;
  readonly failed: number;
  readonly bytes: number;
  readonly verifiedByReading: number;
  /** Requests to the destination bucket. */
  readonly requests: Counts;
  readonly report: string;
  /** What undoes a rollback, for `undo` with this job's ID. */
  readonly undo?: string;
}

/** Last step of a restore: sums up what was done, and says COMPLETED only if all of it was. */
export async function finishRestore(ports: RestorePorts, { job }: { job: RestoreJob }): Promise<RestoreOutput> {
  const plans = await planResults(ports.scratch, job);
  const missing = await missingItems(ports.scratch, job, plans);
  const planned = summarize(job, plans, missing.length);
  const results = await stepResults<RestoreResult>(ports.scratch, job.jobId, RESTORE_STEP);
  const removals = await markerResults(ports.scratch, job);
  const skipped = addCounts(
    { ...planned.skipped },
    mergeCounts(results, (result) => result.skipped),
  );
  const failed = sumNumbers(results, (result) => result.failed);
  const unexpected = Object.keys(skipped).some((reason) => !EXPECTED_SKIPS.has(reason));
  const restored = sumNumbers(results, (result) => result.restored);
  checkSum(
    job,
    planned,
    restored +
      failed +
      (mergeCounts(results, (result) => result.skipped)['precondition-failed'] ?? 0) -
      sumNumbers(results, (result) => result.lostDeletes),
  );
  const key = `${restoreReportPrefix(job.sourceBucket, job.jobId)}report.json`;
  const output: RestoreOutput = {
    jobId: job.jobId,
    status: failed > 0 || unexpected ? 'PARTIAL' : 'COMPLETED',
    dryRun: job.dryRun,
    recoveryPointId: job.recoveryPointId,
    asOf: toIso(job.asOf),
    ...(await exactness(ports, job, plans)),
    destinationBucket: job.destination.bucket,
    planned,
    restored,
    skipped,
    deleted: sumNumbers(results, (result) => result.markers),
    ...(removals && {
      uncovered: sumNumbers(results, (result) => result.uncovered),
      keptMarkers: keptMarkers(removals),
    }),
    failed,
    bytes: sumNumbers(results, (result) => result.bytes),
    verifiedByReading: sumNumbers(results, (result) => result.verifiedByReading),
    requests: mergeCounts([...plans, ...(removals ?? []), ...results], (result) => result.requests),
    report: `s3://${ports.scratch.bucket}/${key}`,
    ...(keepsUndo(job) && !job.dryRun ? { undo: undoUri(ports.scratch, job) } : {}),
  };
  const unmatched = restoreReport(ports.scratch, job, 'not-found');
  for (const key of missing) await unmatched.add({ key, outcome: 'skipped', reason: 'not-found' });
  const details = [
    ...[...plans, ...(removals ?? []), ...results].flatMap((result) => result.reports),
    ...(await unmatched.finish()),
  ];
  const body = Buffer.from(JSON.stringify({ ...output, job, details }, null, 2), 'utf8');
  await ports.scratch.store.put({ bucket: ports.scratch.bucket, key, body });
  const { date } = await ports.scratch.store.head({ bucket: ports.scratch.bucket, key });
  await record(ports, job, output, toIso(date));
  return output;
}

/** Results of a job that was to remove delete markers. */
const markerResults = async (scratch: Scratch, job: RestoreJob): Promise<MarkerResult[] | undefined> =>
  job.removeMarkers && !job.dryRun ? stepResults<MarkerResult>(scratch, job.jobId, MARKERS_STEP) : undefined;

const keptMarkers = (results: readonly MarkerResult[]): Counts => mergeCounts(results, (result) => result.kept);

/** Every planned version was restored, failed or was skipped for a reason: anything else is our own mistake. */
function checkSum(job: RestoreJob, planned: PlanSummary, settled: number): void {
  if (!job.dryRun && settled !== planned.versions)
    throw new Error(`the plan had ${String(planned.versions)} versions, but ${String(settled)} were settled`);
}

/** An answer is exact when neither a key nor the instant is in doubt. */
async function exactness(
  ports: RestorePorts,
  job: RestoreJob,
  plans: readonly PlanResult[],
): Promise<Pick<RestoreOutput, 'exact' | 'doubts' | 'capturedThrough' | 'reconciledThrough'>> {
  if (job.undo !== undefined) return { exact: true };
  const history = await ports.scratch.read<HistoryAt>(job.history);
  const { coverage } = history;
  const doubts = mergeCounts(plans, (plan) => plan.doubts);
  const isOfMetadata = job.restoreTags || job.restoreAcls;
  for (const doubt of coverage?.doubts ?? []) if (doubt !== 'metadata-missed') addCounts(doubts, { [doubt]: 1 });
  if (
    isOfMetadata &&
    (coverage?.doubts.includes('metadata-missed') || (await mayHaveMissed(ports, job, history, plans)))
  )
    addCounts(doubts, { 'metadata-missed': 1 });
  const isExact = Object.keys(doubts).length === 0;
  if (!job.pointInTime && !job.ofChanges && isExact) return { exact: plans.every((plan) => plan.uncertain === 0) };
  const { capturedThrough, reconciledThrough } = coverage ?? {};
  return { exact: isExact, doubts, capturedThrough, reconciledThrough };
}

/** Whether tags and ACLs of the recovery point, or those of what a rollback left as it is, may be others than what the vault knows. */
async function mayHaveMissed(
  { scratch }: RestorePorts,
  job: RestoreJob,
  { isStale, isBehind }: HistoryAt,
  plans: readonly PlanResult[],
): Promise<boolean> {
  if (isStale || !job.rollback) return isStale === true;
  const { unchanged = 0 } = mergeCounts(plans, (plan) => plan.skipped);
  if (unchanged + sumNumbers(plans, (plan) => plan.uncovered) === 0) return false;
  const now = job.historyNow === undefined ? { isBehind } : await scratch.read<HistoryAt>(job.historyNow);
  return now.isBehind === true;
}

async function record(ports: RestorePorts, job: RestoreJob, output: RestoreOutput, completedAt: string): Promise<void> {
  await ports.catalog.putJob({
    jobId: job.jobId,
    type: 'RESTORE',
    bucket: job.sourceBucket,
    state: output.status,
    createdAt: job.startedAt,
    completedAt,
    executionArn: job.executionArn,
    recoveryPointId: output.recoveryPointId,
    output: { ...output },
  });
  await ports.events.publish(
    restoreJobEvent(
      ports.deployment,
      { jobId: job.jobId, bucket: job.sourceBucket, createdAt: job.startedAt },
      {
        state: output.status,
        recoveryPointId: output.recoveryPointId,
        destinationBucket: output.destinationBucket,
        bytes: output.bytes,
        completedAt,
      },
    ),
  );
  ports.metrics.put(ENDED_WELL[output.status], 1, job.sourceBucket);
  ports.log.info('RestoreFinished', {
    jobId: job.jobId,
    bucket: job.sourceBucket,
    status: output.status,
    restored: output.restored,
  });
}
