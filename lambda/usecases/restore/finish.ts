import { restoreReportPrefix } from '../../contract/layout';
import { EXPECTED_SKIPS } from '../../core/restore/actions';
import { keepsUndo, type RestoreJob } from '../../core/restore/job';
import { markerSums, PlanSums, type PlanSummary, restoreSums } from '../../core/restore/result';
import { addCounts, Counts, sumCounts } from '../../core/values/counts';
import { toIso } from '../../core/values/instant';
import type { RestorePorts } from '../context';
import type { HistoryAt } from '../history/at';
import { recordFinished } from '../jobs/finished';
import { restoreReport } from '../work/report';
import { MARKERS_STEP, PLAN_STEP, RESTORE_STEP } from '../work/step-names';
import { addResults } from '../work/turns';
import { undoUri } from './existing/undo-files';
import { missingItems, summarize } from './planning/summary';

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
  const { scratch } = ports;
  const plan = await addResults(scratch, job.jobId, PLAN_STEP, new PlanSums());
  const missing = await missingItems(scratch, job, plan);
  const planned = summarize(job, plan, missing.length);
  const done = await addResults(scratch, job.jobId, RESTORE_STEP, restoreSums());
  const removesMarkers = job.removeMarkers && !job.dryRun;
  const removals = removesMarkers ? await addResults(scratch, job.jobId, MARKERS_STEP, markerSums()) : undefined;
  const steps = removals ? [plan, removals, done] : [plan, done];
  const { restored, markers, uncovered, lostDeletes, failed, bytes, verifiedByReading } = done.numbers;
  const skipped = addCounts({ ...planned.skipped }, done.counts.skipped);
  const unexpected = Object.keys(skipped).some((reason) => !EXPECTED_SKIPS.has(reason));
  checkSum(job, planned, restored + failed + (done.counts.skipped['precondition-failed'] ?? 0) - lostDeletes);
  const key = `${restoreReportPrefix(job.sourceBucket, job.jobId)}report.json`;
  const output: RestoreOutput = {
    jobId: job.jobId,
    status: failed > 0 || unexpected ? 'PARTIAL' : 'COMPLETED',
    dryRun: job.dryRun,
    recoveryPointId: job.recoveryPointId,
    asOf: toIso(job.asOf),
    ...(await exactness(ports, job, plan)),
    destinationBucket: job.destination.bucket,
    planned,
    restored,
    skipped,
    deleted: markers,
    ...(removals && { uncovered, keptMarkers: removals.counts.kept }),
    failed,
    bytes,
    verifiedByReading,
    requests: sumCounts(steps.map(({ counts }) => counts.requests)),
    report: `s3://${ports.scratch.bucket}/${key}`,
    ...(keepsUndo(job) && !job.dryRun ? { undo: undoUri(ports.scratch, job) } : {}),
  };
  const unmatched = restoreReport(ports.scratch, job, 'not-found');
  for (const key of missing) await unmatched.add({ key, outcome: 'skipped', reason: 'not-found' });
  const details = [...steps.map(({ reports }) => reports), await unmatched.finish()].flat();
  const body = Buffer.from(JSON.stringify({ ...output, job, details }, null, 2), 'utf8');
  await ports.scratch.store.put({ bucket: ports.scratch.bucket, key, body });
  const { date } = await ports.scratch.store.head({ bucket: ports.scratch.bucket, key });
  await record(ports, job, output, toIso(date));
  return output;
}

/** Every planned version was restored, failed or was skipped for a reason: anything else is our own mistake. */
function checkSum(job: RestoreJob, planned: PlanSummary, settled: number): void {
  if (!job.dryRun && settled !== planned.versions)
    throw new Error(`the plan has ${String(planned.versions)} versions, but ${String(settled)} have an outcome`);
}

/** An answer is exact when neither a key nor the instant is in doubt. */
async function exactness(
  ports: RestorePorts,
  job: RestoreJob,
  plan: PlanSums,
): Promise<Pick<RestoreOutput, 'exact' | 'doubts' | 'capturedThrough' | 'reconciledThrough'>> {
  if (job.undo !== undefined) return { exact: true };
  const history = await ports.scratch.read<HistoryAt>(job.history);
  const { coverage } = history;
  const doubts = { ...plan.counts.doubts };
  const isOfMetadata = job.restoreTags || job.restoreAcls;
  for (const doubt of coverage?.doubts ?? []) if (doubt !== 'metadata-missed') addCounts(doubts, { [doubt]: 1 });
  if (
    isOfMetadata &&
    (coverage?.doubts.includes('metadata-missed') || (await mayHaveMissed(ports, job, history, plan)))
  )
    addCounts(doubts, { 'metadata-missed': 1 });
  const isExact = Object.keys(doubts).length === 0;
  if (isExact && !tellsDoubts(job)) return { exact: plan.numbers.uncertain === 0 };
  const { capturedThrough, reconciledThrough } = coverage ?? {};
  return { exact: isExact, doubts, capturedThrough, reconciledThrough };
}

/** Whether the plan has noted what is in doubt of each key. */
const tellsDoubts = ({ pointInTime, ofChanges, ofReport }: RestoreJob): boolean =>
  pointInTime || ofChanges === true || ofReport === true;

/** Whether tags and ACLs of the recovery point, or those of what a rollback left as it is, may be others than what the vault knows. */
async function mayHaveMissed(
  { scratch }: RestorePorts,
  job: RestoreJob,
  { isStale, isBehind }: HistoryAt,
  { numbers, counts }: PlanSums,
): Promise<boolean> {
  if (isStale || !job.rollback) return isStale === true;
  const { unchanged = 0 } = counts.skipped;
  if (unchanged + numbers.uncovered === 0) return false;
  const now = job.historyNow === undefined ? { isBehind } : await scratch.read<HistoryAt>(job.historyNow);
  return now.isBehind === true;
}

async function record(ports: RestorePorts, job: RestoreJob, output: RestoreOutput, completedAt: string): Promise<void> {
  const { jobId, sourceBucket: bucket, startedAt, executionArn } = job;
  const { destinationBucket, restored, status } = output;
  const finished = { jobId, type: 'RESTORE', bucket, startedAt, completedAt, executionArn, destinationBucket } as const;
  await recordFinished(ports, finished, output);
  ports.log.info('RestoreFinished', { jobId, bucket, status, restored });
}
