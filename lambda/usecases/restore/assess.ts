import { BackupError, ErrorName } from '../../contract/errors';
import { restoreReportPrefix } from '../../contract/layout';
import type { FanOutInput } from '../../contract/steps';
import { keepsUndo, type RestoreJob, type RestoreUnit } from '../../core/restore/job';
import { type PlanResult, PlanSums } from '../../core/restore/result';
import type { RestorePorts } from '../context';
import { MARKERS_STEP, PLAN_STEP, RESTORE_STEP } from '../work/step-names';
import { resultsByUnit, writeUnits } from '../work/turns';
import { writeUndoIndex } from './existing/undo-files';
import { summarize } from './planning/summary';
import { UnitCutter } from './planning/units';

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
      `${String(plan.skipped['acls-disabled'])} objects have ACLs, but bucket "${job.destination.bucket}" has ACLs disabled: enable them there, or omit restoreAcls`,
    );
  if (plan.conflicts > 0 && !job.dryRun)
    throw new BackupError(
      ErrorName.destinationConflict,
      `${String(plan.conflicts)} of the objects exist in bucket "${job.destination.bucket}" and onExisting is "fail", so nothing was written: see the keys in ${report}`,
    );
  if (job.dryRun) return writeUnits(ports.scratch, RESTORE_STEP, job, []);
  if (job.destination.create)
    await ports.buckets.create(job.destination.bucket, { ownership: job.destination.ownership });
  const { units } = cutter;
  if (job.removeMarkers) await writeUnits(ports.scratch, MARKERS_STEP, job, units);
  if (keepsUndo(job)) await writeUndoIndex(ports.scratch, job, units.length);
  return writeUnits(ports.scratch, RESTORE_STEP, job, units);
}
