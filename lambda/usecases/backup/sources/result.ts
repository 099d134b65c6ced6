import type { BackupJob } from '../../../core/backup/job';
import { isArchived, type Row } from '../../../core/history/row';
import { NO_WORK, versionWeight, WeightSample, workOf, type Workload } from '../../../core/scan/weights';
import type { RequestCounts } from '../../../ports/runtime';
import type { Run } from '../../work/runs';

/** What a turn of a scan leaves. */
export interface ScanResult {
  readonly runs: readonly Run[];
  readonly samples: readonly WeightSample[];
  /** Versions with a body: the commit checks that none of them was forgotten. */
  readonly versions: number;
  readonly requests: RequestCounts;
  /** Absent in jobs that began under an earlier release. */
  readonly work?: Workload;
}

/** Work that a row of the scan is to the range that it falls into. */
export const rowWeight = (row: Row, { previousAsOf }: BackupJob): number =>
  versionWeight(row.size ?? 0, row.lastModified <= previousAsOf);

/** What a row of the scan asks of the workers. Archived bodies are not asked for; of what only a report says, the facts are. */
export function rowWork(row: Row, { previousAsOf }: BackupJob, packThreshold: number): Workload {
  if (row.kind !== 'put') return NO_WORK;
  const isKnown = row.lastModified <= previousAsOf;
  if (isArchived(row)) return workOf(0, isKnown || row.source === 'listing', packThreshold);
  return workOf(row.size ?? 0, isKnown, packThreshold);
}
