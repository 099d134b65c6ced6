import type { BackupJob } from '../core/jobs';
import type { Row } from '../core/row';
import type { BackupPorts } from './context';
import { Run, writeSorted } from './runs';
import { RANGE_STEP } from './step-names';

/**
 * Writes what a job takes from the change log as sorted runs, each of as many rows as are sorted in memory at once. A log that cannot be
 * read fails the job: the next commit would go on behind the gap.
 */
export async function foldChanges(
  { changeLog, scratch, settings }: Pick<BackupPorts, 'changeLog' | 'scratch' | 'settings'>,
  { jobId, bucket, changes }: BackupJob,
): Promise<readonly Run[]> {
  if (!changes) return [];
  const runs: Run[] = [];
  let rows: Row[] = [];
  const flush = async (): Promise<void> => {
    if (rows.length > 0) runs.push(await writeSorted(scratch, { jobId, step: RANGE_STEP, unit: 'changes' }, rows));
    rows = [];
  };
  for await (const chunk of changeLog.read(bucket, changes.from, changes.through)) {
    for (const row of chunk) rows.push(row);
    if (rows.length >= settings.sortRows) await flush();
  }
  await flush();
  return runs;
}
