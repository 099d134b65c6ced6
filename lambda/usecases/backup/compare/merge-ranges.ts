import type { BackupJob } from '../../../core/backup/job';
import { windowStart } from '../../../core/backup/window';
import { needsMerge, neededSince } from '../../../core/history/compaction';
import { SegmentWriter } from '../../../core/history/files/segment-writer';
import type { Manifest } from '../../../core/history/manifest';
import { segmentsWithin } from '../../../core/history/next-ranges';
import type { HistoryRange, MergedRange, SegmentRef } from '../../../core/history/segment-index';
import { afterKey, compareKeys, KeyRange } from '../../../core/keys/order';
import type { BackupPorts } from '../../context';
import { joinedRange } from '../../history/read';
import { historyRanges } from '../../history/segment-index';

/** Ranges within an interval that are to be merged, with the deltas that this job has added to them. */
export async function rangesToMerge(
  vault: BackupPorts['vault'],
  base: Pick<Manifest, 'history'> | undefined,
  within: KeyRange,
  added: readonly SegmentRef[],
): Promise<readonly HistoryRange[]> {
  if (!base || added.length === 0) return [];
  const ranges: HistoryRange[] = [];
  const newsOf = segmentsWithin(added);
  for await (const range of historyRanges(vault, base, within)) {
    const news = newsOf(range);
    const all = { ...range, segments: [...range.segments, ...news] };
    if (news.length > 0 && needsMerge(all.segments)) ranges.push(all);
  }
  return ranges;
}

export interface Merged {
  readonly merged: readonly MergedRange[];
  /** Where a later turn goes on; absent when all ranges are merged. */
  readonly next?: string;
}

/**
 * Writes the history of ranges anew, each as one base without deltas, until the end or the deadline. The cut is between two keys;
 * at least one key is done.
 */
export async function mergeRanges(
  { vault, deadline }: Pick<BackupPorts, 'vault' | 'deadline'>,
  job: BackupJob,
  ranges: readonly HistoryRange[],
  from: string,
): Promise<Merged> {
  const merged: MergedRange[] = [];
  for (const range of ranges) {
    if (range.to !== undefined && compareKeys(range.to, from) <= 0) continue;
    const start = compareKeys(range.from, from) < 0 ? from : range.from;
    const written = new BaseWriter(vault, job);
    let last: string | undefined;
    for await (const { key, rows } of joinedRange(vault, { ...range, from: start }, { withFiles: true })) {
      if ((last !== undefined || merged.length > 0) && deadline.remainingMillis() <= 0) {
        const next = last === undefined ? start : afterKey(last);
        if (last !== undefined) merged.push({ from: start, to: next, segments: await written.finish() });
        return { merged, next };
      }
      for (const row of neededSince(rows, horizonOf(job))) await written.add(row);
      last = key;
    }
    merged.push({ from: start, to: range.to, segments: await written.finish() });
  }
  return { merged };
}

/** The oldest instant that somebody may still ask for: any of the last days where backup is continuous. */
const horizonOf = ({ asOf, continuous }: BackupJob): number => (continuous ? windowStart(asOf, continuous.days) : asOf);

/** Segments of one range, in key order. */
class BaseWriter {
  private readonly segments: SegmentRef[] = [];
  private segment = new SegmentWriter();
  constructor(
    private readonly vault: BackupPorts['vault'],
    private readonly job: BackupJob,
  ) {}

  async add(row: Parameters<SegmentWriter['add']>[0]): Promise<void> {
    this.segment.add(row);
    if (this.segment.isFull) await this.close();
  }

  async finish(): Promise<readonly SegmentRef[]> {
    await this.close();
    return this.segments;
  }

  private async close(): Promise<void> {
    if (this.segment.rows === 0) return;
    const { bucket, jobId, seq } = this.job;
    this.segments.push(await this.vault.writeSegment(bucket, jobId, seq, this.segment.finish()));
    this.segment = new SegmentWriter();
  }
}
