import { BackupError, ErrorName } from '../contract/errors';
import { restoreReportPrefix } from '../contract/layout';
import type { FanOutInput } from '../contract/steps';
import { estimateCost } from '../core/cost';
import { isNamed, type Selection } from '../core/items';
import type { RestoreJob, RestoreUnit } from '../core/restore-job';
import { mergeCounts, PlanResult, PlanSummary, sumNumbers } from '../core/restore-result';
import type { RestorePorts } from './restore-plan';
import { keepsUndo } from './restore-plan-book';
import { MARKERS_STEP, PLAN_STEP } from './step-names';
import { Scratch, stepResults, writeUnits } from './turns';
import { writeUndoIndex } from './undo-files';

export const RESTORE_STEP = 'restore';

/** The plan as a whole: refuses what must not begin, makes the new bucket, and cuts the work into units. */
export async function assessRestore(
  ports: RestorePorts,
  { job }: { job: RestoreJob },
): Promise<FanOutInput<RestoreJob, RestoreUnit>> {
  const results = await planResults(ports.scratch, job);
  const plan = summarize(job, results);
  const report = `s3://${ports.scratch.bucket}/${restoreReportPrefix(job.sourceBucket, job.jobId)}`;
  if (job.insistOnAcls && (plan.skipped['acls-disabled'] ?? 0) > 0)
    throw new BackupError(
      ErrorName.destinationAclsDisabled,
      `${String(plan.skipped['acls-disabled'])} objects have ACLs, but bucket "${job.destination.bucket}" has ACLs disabled: enable them there, or leave restoreAcls out`,
    );
  if (plan.conflicts > 0 && !job.dryRun)
    throw new BackupError(
      ErrorName.destinationConflict,
      `${String(plan.conflicts)} of the objects exist in bucket "${job.destination.bucket}" and onExisting is "fail": nothing was written; the keys are in ${report}`,
    );
  if (job.dryRun) return writeUnits(ports.scratch, RESTORE_STEP, job, []);
  if (job.destination.create)
    await ports.buckets.create(job.destination.bucket, { ownership: job.destination.ownership });
  const units = restoreUnits(results, ports.settings.rangeWeight);
  if (job.removeMarkers) await writeUnits(ports.scratch, MARKERS_STEP, job, units);
  if (keepsUndo(job)) await writeUndoIndex(ports.scratch, job, units);
  return writeUnits(ports.scratch, RESTORE_STEP, job, units);
}

/** Results of all turns of planning, in key order. */
export const planResults = (scratch: Scratch, job: RestoreJob): Promise<PlanResult[]> =>
  stepResults<PlanResult>(scratch, job.jobId, PLAN_STEP);

/** Selected items that name nothing in the recovery point. */
export async function missingItems(
  scratch: Scratch,
  job: RestoreJob,
  results: readonly PlanResult[],
): Promise<readonly string[]> {
  const matched = new Set(results.flatMap((result) => result.matched));
  const matchedKeys = new Set(results.flatMap((result) => result.matchedKeys));
  const matchedPrefixes = new Set(results.flatMap((result) => result.matchedPrefixes));
  const { intervals, innerKeys, innerPrefixes } = await scratch.read<Selection>(job.selection);
  return [
    ...intervals.filter((item, number) => isNamed(item) && !matched.has(number)).map((item) => item.from),
    ...innerKeys.filter((_, number) => !matchedKeys.has(number)),
    ...innerPrefixes.filter((_, number) => !matchedPrefixes.has(number)),
  ];
}

export function summarize(job: RestoreJob, results: readonly PlanResult[], missing = 0): PlanSummary {
  const skipped = mergeCounts(results, (result) => result.skipped);
  if (missing > 0) skipped['not-found'] = missing;
  const requests = mergeCounts(results, (result) => result.estimated);
  return {
    objects: sumNumbers(results, (result) => result.objects),
    versions: sumNumbers(results, (result) => result.versions),
    markers: sumNumbers(results, (result) => result.markers),
    ...(keepsUndo(job) ? { deletes: sumNumbers(results, (result) => result.deletes) } : {}),
    ...(job.removeMarkers ? { uncovered: sumNumbers(results, (result) => result.uncovered) } : {}),
    bytes: sumNumbers(results, (result) => result.bytes),
    conflicts: sumNumbers(results, (result) => result.conflicts),
    skipped,
    requests,
    estimatedCost: Math.round(estimateCost(requests) * 1e6) / 1e6,
  };
}

/** Puts files of actions together, in their order, until a unit has about `target` of weight. */
export function restoreUnits(results: readonly Pick<PlanResult, 'files'>[], target: number): RestoreUnit[] {
  const units: { id: string; files: string[] }[] = [];
  let weight = Infinity;
  for (const file of results.flatMap((result) => result.files)) {
    if (weight + file.weight > target) {
      units.push({ id: String(units.length), files: [] });
      weight = 0;
    }
    weight += file.weight;
    units.at(-1)?.files.push(file.key);
  }
  return units;
}
