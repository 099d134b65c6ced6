import { BackupError, ErrorName } from '../../../contract/errors';
import type { BackupJob, CoverageGap } from '../../../core/backup/job';
import { contradicts } from '../../../core/backup/point-counts';
import type { RangeResult } from '../../../core/backup/range-result';
import type { BackupCounts, Manifest } from '../../../core/history/manifest';
import { toIso } from '../../../core/values/instant';
import type { BackupPorts } from '../../context';
import { saidBy } from './publish';

/** What the events of a bucket have turned out to lack. */
interface EventGaps {
  /** Some never came: others, of tags too, may be missing as well. */
  readonly missed: readonly CoverageGap[];
  /** Some came after it was said that all had come. */
  readonly late: readonly CoverageGap[];
}

/**
 * Gaps that what was captured, or a scan, has shown. Where one event never came, others may not have come either: of versions that are gone by now, and
 * of tags. Where one came late, instants were called exact that were not, and others of that time may be under way.
 */
export function eventGaps(
  { log }: Pick<BackupPorts, 'log'>,
  { continuous, asOf, bucket, jobId }: BackupJob,
  base: Manifest | undefined,
  { gaps, events = {} }: RangeResult,
): EventGaps {
  if (!continuous) return { missed: [], late: [] };
  const { capturedThrough = 0, reconciledThrough = 0 } = saidBy(base) ?? {};
  const { late, missed } = events;
  if (late !== undefined) log.warn('EventsLate', { bucket, jobId, since: toIso(late), until: toIso(capturedThrough) });
  const gap = (after: number | undefined, before: number, reason: string): CoverageGap[] =>
    after === undefined ? [] : [{ after, before, reason }];
  return {
    missed: [
      ...gap(gaps > 0 ? continuous.reconciledThrough : undefined, asOf, 'events-missed'),
      ...gap(missed, Math.max(capturedThrough, reconciledThrough), 'events-missed'),
    ],
    late: gap(late, capturedThrough, 'events-late'),
  };
}

/**
 * A history that shows something else than what the listing saw is wrong somewhere. A recovery point is not made of it. What was captured is
 * committed all the same, as it could not be had again: instants since the last comparison are in doubt.
 */
export function contradictions(
  { log }: Pick<BackupPorts, 'log'>,
  { source, internal, continuous, bucket, jobId, asOf }: BackupJob,
  counts: BackupCounts,
  totals: RangeResult,
): readonly CoverageGap[] {
  const problem = contradicts(source, counts, totals);
  if (problem === undefined || !continuous) return [];
  if (!internal)
    throw new BackupError(
      ErrorName.vaultDamaged,
      `${problem}. Nothing is committed: restore an instant before the last comparison, and report this as a defect`,
    );
  log.error('HistoryContradicted', { bucket, jobId, problem });
  return [{ after: continuous.reconciledThrough, before: asOf, reason: 'history-contradicted' }];
}
