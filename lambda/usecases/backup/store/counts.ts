import type { BackupJob } from '../../../core/backup/job';
import { mayBeStoredLater } from '../../../core/backup/refused';
import type { Row } from '../../../core/history/row';
import { compareKeys } from '../../../core/keys/order';
import type { Batch, Placed, UnchangedSums } from './batch';
import type { DecisionOf, PlacedOf } from './outcome';

/** Counts what a turn at a range did, and what of it the recovery point has. */
export class RangeCounts {
  readonly sums = {
    objects: 0,
    versions: 0,
    leftOut: 0,
    markers: 0,
    bytes: 0,
    stored: 0,
    storedBytes: 0,
    reused: 0,
    removed: 0,
    restated: 0,
    omitted: 0,
    unread: 0,
    captured: 0,
    lost: 0,
    lostRemoved: 0,
    folded: 0,
    gaps: 0,
    missing: 0,
  };

  /** `topped` is the key that has a current version which the report leaves out; of `bare`, the one that the report says is gone. */
  constructor(
    private readonly job: BackupJob,
    private topped?: string,
    private bare?: string,
  ) {}

  /** `last` is the key that the next turn goes on with: those after it are looked at again. */
  addKeys({ keys }: Batch, last: string | undefined): void {
    for (const { key, counts } of keys) {
      if (last !== undefined && compareKeys(key, last) > 0) return;
      this.sums.leftOut += counts.leftOut;
      this.sums.gaps += counts.gaps;
      this.sums.unread += counts.unread;
    }
  }

  isTopped(key: string): boolean {
    return this.topped !== undefined && compareKeys(this.topped, key) === 0;
  }

  isBare(key: string): boolean {
    return this.bare !== undefined && compareKeys(this.bare, key) === 0;
  }

  /** The current version of a key is not there: the next one is current in its place. */
  uncover(key: string): void {
    this.bare = key;
  }

  private takesPlace(key: string): boolean {
    const isBare = this.isBare(key);
    if (isBare) this.bare = undefined;
    return isBare;
  }

  /** What the recovery point has, whether it is new or not. False for a version with a body that it has not. */
  add({ decision, needed }: PlacedOf<'store' | 'mark' | 'reuse'>): boolean {
    const { kind, row } = decision;
    if (kind === 'store' && decision.isLater) return false;
    // What a job takes from the change log, it counts by the change of what the bucket holds.
    if (this.job.source === 'changes') return true;
    // The report leaves out a newer version, which is the current one.
    const isOlder = this.job.versions === 'CURRENT' && this.isTopped(row.key);
    const isCurrent = this.takesPlace(row.key) || needed;
    if (row.kind === 'marker') {
      if (!isOlder) this.sums.markers++;
      return true;
    }
    if (isOlder) {
      this.sums.leftOut++;
      return false;
    }
    this.sums.versions++;
    this.sums.bytes += row.size ?? 0;
    if (isCurrent && !this.isTopped(row.key)) this.sums.objects++;
    return true;
  }

  /** Versions of the recovery point that the vault has, and of which nothing is new. */
  addUnchanged(sums: UnchangedSums | undefined): void {
    if (!sums) return;
    this.sums.objects += sums.objects;
    this.sums.versions += sums.versions;
    this.sums.bytes += sums.bytes;
    this.sums.markers += sums.markers;
    this.sums.reused += sums.versions;
  }

  /**
   * A version that was too large for the capture when its event came, or that might not be read so far, and that was gone when it was to be copied
   * or when the scan came.
   */
  addLost(
    { kind, row, known }: DecisionOf<'store' | 'remove'>,
    outcome: { readonly kind: string; readonly reason?: string },
  ): boolean {
    const wasDue = this.job.continuous !== undefined && known !== undefined && mayBeStoredLater(known);
    const isGone = outcome.kind === 'gone' || outcome.reason === 'version-gone';
    const isLost = isGone && (wasDue || (kind === 'store' && row.source === 'event'));
    if (isLost) this.sums.lost++;
    if (isLost && outcome.kind === 'gone') this.sums.lostRemoved++;
    return isLost;
  }

  /**
   * A version that the report leaves out, and that S3 has. Decisions come newest first, so that the first one may be the key's current
   * version. Answers whether the recovery point has it, and whether it needs it.
   */
  addOmitted({ decision: { row }, isNewer }: Placed, known: Row, isRead: boolean): { has: boolean; needed: boolean } {
    const isCurrent = (this.takesPlace(row.key) || isNewer) && !this.isTopped(row.key);
    if (isCurrent) this.topped = row.key;
    if (known.kind === 'put' && this.job.metadata === 'FULL' && !isRead) this.sums.unread++;
    if (!isCurrent && this.job.versions === 'CURRENT') return { has: false, needed: false };
    if (known.kind === 'marker') this.sums.markers++;
    else {
      this.sums.omitted++;
      this.sums.versions++;
      this.sums.bytes += known.size ?? 0;
      if (isCurrent) this.sums.objects++;
    }
    return { has: true, needed: isCurrent };
  }
}
