import type { BackupJob, CoverageGap } from '../../../core/backup/job';
import type { Manifest } from '../../../core/history/manifest';
import type { Row } from '../../../core/history/row';
import { versionWeight, WeightSample, WeightSampler, SAMPLES_PER_RANGE } from '../../../core/scan/weights';
import type { BackupPorts } from '../../context';
import { Run, writeRuns } from '../../work/runs';
import { RANGE_STEP } from '../../work/step-names';
import { underTrueKeys } from './deleted-keys';
import { refusedVersions } from './refused-versions';

/** What a job takes from the change log. */
export interface LoggedChanges {
  readonly runs: readonly Run[];
  readonly rows: number;
  /**
   * Rows that commits before have taken in: they may be later than what the job shows, or of versions that could not be read. Only their keys
   * matter.
   */
  readonly recounts: readonly Run[];
  /** Work that the rows are to the ranges that they fall into. */
  readonly samples: readonly WeightSample[];
  /** Longest time from a change to its place in the log, in seconds. */
  readonly lag: number;
  /** Intervals in which capture was off, as jobs have noted. */
  readonly gaps: readonly CoverageGap[];
}

const NOTHING: LoggedChanges = { runs: [], rows: 0, recounts: [], samples: [], lag: 0, gaps: [] };

/**
 * Writes what a job takes from the change log as sorted runs, each of as many rows as are sorted in memory at once. A log that cannot be
 * read fails the job: the next commit would go on behind the gap.
 */
export async function foldChanges(
  ports: Pick<BackupPorts, 'changeLog' | 'scratch' | 'settings' | 'vault' | 'log'>,
  job: BackupJob,
  base: Manifest | undefined,
): Promise<LoggedChanges> {
  const { changeLog, scratch, settings } = ports;
  const { jobId, bucket, changes } = job;
  if (!changes) return NOTHING;
  const samples: WeightSample[] = [];
  const gaps: CoverageGap[] = [];
  let count = 0;
  let lag = 0;
  const log = () => changeLog.read(bucket, changes.from, changes.through);
  const place = { jobId, step: RANGE_STEP, unit: 'changes' };
  const sample = (rows: readonly Row[]): void => {
    const sampler = new WeightSampler(settings.rangeWeight / SAMPLES_PER_RANGE);
    for (const row of rows) sampler.add(row.key, weightOf(row));
    sampler.close();
    samples.push(...sampler.samples);
  };
  const runs = await writeRuns(
    scratch,
    place,
    withoutGaps(underTrueKeys(ports, base, log)),
    settings.sortRows,
    (rows) => {
      sample(rows);
      count += rows.length;
    },
  );
  const { recountFrom = changes.from } = changes;
  const again = () => (recountFrom < changes.from ? changeLog.read(bucket, recountFrom, changes.from) : nothing());
  const recounts = await writeRuns(
    scratch,
    { ...place, unit: 'recounts' },
    ofKeys(underTrueKeys(ports, base, again)),
    settings.sortRows,
    sample,
  );
  const refused = chunkOf(await refusedVersions(ports, job, base));
  const retries = await writeRuns(scratch, { ...place, unit: 'refused' }, refused, settings.sortRows, sample);
  return { runs, rows: count, recounts: [...recounts, ...retries], samples, lag, gaps };

  async function* withoutGaps(chunks: AsyncIterable<readonly Row[]>): AsyncGenerator<Row[]> {
    for await (const chunk of chunks) {
      for (const row of chunk) {
        lag = Math.max(lag, lagOf(row));
        if (row.kind === 'gap') gaps.push(gapOf(row));
      }
      yield chunk.filter(ofKey);
    }
  }
}

async function* nothing(): AsyncGenerator<readonly Row[]> {
  // There is nothing to read again.
}

async function* chunkOf(rows: readonly Row[]): AsyncGenerator<readonly Row[]> {
  if (rows.length > 0) yield await Promise.resolve(rows);
}

const ofKey = ({ kind }: Row): boolean => kind !== 'gap';

async function* ofKeys(chunks: AsyncIterable<readonly Row[]>): AsyncGenerator<Row[]> {
  for await (const chunk of chunks) yield chunk.filter(ofKey);
}

/** One that is not copied yet is work for the job. */
const weightOf = (row: Row): number => versionWeight(row.size ?? 0, row.kind !== 'put' || row.file !== undefined);

const gapOf = ({ removedAfter = 0, removedBefore = 0, uncertain = '' }: Row): CoverageGap => ({
  after: removedAfter,
  before: removedBefore,
  reason: uncertain,
});

/** What was read long after its event came late; S3's clock tells both. */
function lagOf(row: Row): number {
  if (row.kind === 'put') return (row.readAt ?? 0) - (row.visibleFrom ?? row.lastModified);
  return row.kind === 'state' ? (row.observedAt ?? 0) - (row.effectiveFrom ?? 0) : 0;
}
