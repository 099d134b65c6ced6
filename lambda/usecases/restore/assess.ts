import { BackupError, ErrorName } from '../../contract/errors';
import { restoreReportPrefix } from '../../contract/layout';
import type { FanOutInput } from '../../contract/steps';
import { estimateCost } from '../../core/values/cost';
import { isNamed, type Selection } from '../../core/restore/items';
import { keepsUndo, type RestoreJob, type RestoreUnit } from '../../core/restore/job';
import { type PlanResult, PlanSums, type PlanSummary } from '../../core/restore/result';
import type { RestorePorts } from './plan';
import { UnitCutter } from './planning/units';
import { MARKERS_STEP, PLAN_STEP } from '../work/step-names';
import { resultsByUnit, type Scratch, writeUnits } from '../work/turns';
import { writeUndoIndex } from './existing/undo-files';

export const RESTORE_STEP = 'restore';

/** The plan as a whole: refuses what must not begin, makes the new bucket, and cuts the work into units. */
export async function assessRestore(
  ports: RestorePorts,
  { job }: { job: RestoreJob },
): Promise<FanOutInput<RestoreJob, RestoreUnit>> {
  const sums = new PlanSums();
  const cutter = new UnitCutter(ports.settings.rangeWeight);
  for await (const { unit, results } of resultsByUnit<PlanResult>(ports.scratch, job.jobId, PLAN_STEP))
    for (const [turn, result] of results.entries()) {
      sums.add(result);
      cutter.add(unit.id, turn, result.files);
    }
  const plan = summarize(job, sums);
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
  const { units } = cutter;
  if (job.removeMarkers) await writeUnits(ports.scratch, MARKERS_STEP, job, units);
  if (keepsUndo(job)) await writeUndoIndex(ports.scratch, job, units.length);
  return writeUnits(ports.scratch, RESTORE_STEP, job, units);
}

/** Selected items that name nothing in the recovery point. */
export async function missingItems(
  scratch: Scratch,
  job: RestoreJob,
  { matched, matchedKeys, matchedPrefixes }: PlanSums,
): Promise<readonly string[]> {
  const { intervals, innerKeys, innerPrefixes } = await scratch.read<Selection>(job.selection);
  return [
    ...intervals.filter((item, number) => isNamed(item) && !matched.has(number)).map((item) => item.from),
    ...innerKeys.filter((_, number) => !matchedKeys.has(number)),
    ...innerPrefixes.filter((_, number) => !matchedPrefixes.has(number)),
  ];
}

export function summarize(job: RestoreJob, { numbers, counts }: PlanSums, missing = 0): PlanSummary {
  const { objects, versions, markers, deletes, uncovered, bytes, conflicts } = numbers;
  const requests = counts.estimated;
  return {
    objects,
    versions,
    markers,
    ...(keepsUndo(job) ? { deletes } : {}),
    ...(job.removeMarkers ? { uncovered } : {}),
    bytes,
    conflicts,
    skipped: { ...counts.skipped, ...(missing > 0 ? { 'not-found': missing } : {}) },
    requests,
    estimatedCost: Math.round(estimateCost(requests) * 1e6) / 1e6,
  };
}
