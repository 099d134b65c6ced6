import { isNamed, type Selection } from '../../../core/restore/items';
import { keepsUndo, type RestoreJob } from '../../../core/restore/job';
import { PlanSums, type PlanSummary } from '../../../core/restore/result';
import { estimateCost } from '../../../core/values/cost';
import type { Scratch } from '../../work/turns';

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
  const { objects, versions, markers, deletes, uncovered, archived, bytes, conflicts } = numbers;
  const requests = counts.estimated;
  return {
    objects,
    versions,
    markers,
    ...(keepsUndo(job) ? { deletes, notUndoable: counts.notUndoable } : {}),
    ...(job.undo === undefined ? {} : { archived }),
    ...(job.removeMarkers ? { uncovered } : {}),
    bytes,
    conflicts,
    skipped: { ...counts.skipped, ...(missing > 0 ? { 'not-found': missing } : {}) },
    requests,
    estimatedCost: Math.round(estimateCost(requests) * 1e6) / 1e6,
  };
}
