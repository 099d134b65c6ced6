import type { HistoryIndex, Manifest } from '../../../core/history/manifest';
import { type Additions, joined, type NextRange, nextRanges, segmentsWithin } from '../../../core/history/next-ranges';
import { type HistoryRange, type PageRef, partOf, rangesWithin } from '../../../core/history/segment-index';
import type { KeyRange } from '../../../core/keys/order';
import { indexParts, type IndexPart } from '../../history/segment-index';
import type { Vault } from '../../vault/vault';

export interface NextHistoryOptions {
  readonly vault: Vault;
  readonly job: { readonly bucket: string; readonly jobId: string };
  readonly base: Pick<Manifest, 'history'> | undefined;
  /** Whether ranges are cut where units are. */
  readonly cuts: boolean;
  /** Segments that a manifest, and a page, have at most, about. */
  readonly pageSegments: number;
}

/**
 * The index of the next commit: that of the last one with what the units of a job have added. Where it has many segments it is made page by
 * page, and pages in which nothing changed stay as they are, so memory is that of a page, and a job writes what it has changed.
 */
export class NextHistory {
  private readonly pages: PageRef[] = [];
  /** The part of the last index whose ranges come just now, and what becomes of them. */
  private open: IndexPart | undefined;
  private ranges: NextRange[] = [];
  private segments = 0;
  /** Where the next unit has to begin. */
  private end: string | undefined = '';
  constructor(private readonly options: NextHistoryOptions) {}

  /** Adds what a unit has done. Units come in key order, and each begins where the one before it ended. */
  async add(unit: KeyRange, additions: Additions): Promise<void> {
    const { vault, base } = this.options;
    if (unit.from !== this.end) throw new Error(`a unit begins at "${unit.from}", not at "${String(this.end)}"`);
    this.end = unit.to;
    const newsOf = segmentsWithin(additions.segments);
    for await (const index of indexParts(vault, base, unit)) {
      if (index.from !== this.open?.from) await this.close();
      this.open = index;
      const parts = nextRanges(rangesWithin(index.part, unit, index.to), { ...additions, segments: newsOf(index) });
      const starts = this.options.cuts ? undefined : new Set(index.part.ranges.map(({ from }) => from));
      for (const range of parts) {
        if (starts && !starts.has(range.from) && this.extend(range)) continue;
        if (!index.page && this.segments + range.segments.length > this.options.pageSegments) await this.writePages();
        this.ranges.push(range);
        this.segments += range.segments.length;
      }
    }
  }

  /** The index with all that was added. */
  async finish(): Promise<HistoryIndex> {
    if (this.end !== undefined) throw new Error(`there is no unit from "${this.end}" on`);
    if (this.pages.length === 0 && !this.open?.page) return partOf(this.ranges);
    await this.close();
    return { pages: this.pages };
  }

  /** Where units cut nothing, what follows within a range belongs to it. */
  private extend(range: NextRange): boolean {
    const last = this.ranges.at(-1);
    if (!last || last.isMerged || range.isMerged || last.to !== range.from) return false;
    const known = new Set(last.segments.map(({ name }) => name));
    const more = range.segments.filter(({ name }) => !known.has(name));
    this.segments += more.length;
    const isKept = last.isKept && range.isKept;
    this.ranges[this.ranges.length - 1] = { ...last, to: range.to, isKept, segments: joined(last, more) };
    return true;
  }

  private async close(): Promise<void> {
    const { open } = this;
    if (open?.page && isSame(open, this.ranges)) this.pages.push(open.page);
    else await this.writePages();
    this.ranges = [];
    this.segments = 0;
  }

  /** Writes the ranges that wait as pages of about the same number of segments. */
  private async writePages(): Promise<void> {
    const { vault, job, pageSegments } = this.options;
    const each = this.segments / Math.max(1, Math.ceil(this.segments / pageSegments));
    let some: HistoryRange[] = [];
    let count = 0;
    const write = async (): Promise<void> => {
      const [first] = some;
      if (first) this.pages.push(await vault.writePage(job.bucket, job.jobId, first.from, partOf(some)));
      some = [];
      count = 0;
    };
    for (const range of this.ranges) {
      some.push(range);
      count += range.segments.length;
      // Where merges have left nothing, ranges have no segments: one page names them all.
      if (count > 0 && count >= each) await write();
    }
    await write();
    this.ranges = [];
    this.segments = 0;
  }
}

/** Nothing was added to any range of a page, and none was cut. */
const isSame = ({ part }: IndexPart, ranges: readonly NextRange[]): boolean =>
  ranges.length === part.ranges.length && ranges.every(({ isKept }) => isKept);
