import type { Decision } from '../../../core/backup/decisions';
import { PACK_BYTES } from '../../../core/history/files/pack';
import { versionIdentity } from '../../../core/history/row';
import type { Unchanged } from '../../../core/scan/unchanged';

/** Where a range goes on: at a key, after so many decisions about it, with copies that are under way. */
export interface StoreCursor {
  readonly key: string;
  readonly done: number;
  /** Identity of the key's current version, as the turns before took it. */
  readonly current?: string;
  /** Another version, that the report leaves out, is the key's current one, and counted. */
  readonly topped?: true;
  /** The current version is not there, and no older one was looked at since. */
  readonly bare?: true;
  readonly uploads: readonly (readonly [objectKey: string, uploadId: string])[];
}
/** All is stored, and history that has become hard to read is merged from this key on. */
export interface MergeCursor {
  readonly mergeFrom: string;
}
export type RangeCursor = StoreCursor | MergeCursor;
/** A decision and its place: so many of the key's decisions come before it. */
export interface Placed {
  readonly decision: Decision;
  readonly done: number;
  readonly current?: string;
  /** Whether the version is the current one of its key: without it the recovery point is not whole. */
  readonly needed: boolean;
  /** Whether the version is newer than all that the scan saw of its key. */
  readonly isNewer: boolean;
}
/** What is counted once of a key, whatever turns it takes. */
export interface KeyCounts {
  /** Versions with a body that the scan has and the recovery point has not. */
  readonly leftOut: number;
  /** What no event has told of. */
  readonly gaps: number;
  /** Versions of the history whose tags and ACL a scan of CURRENT versions does not lead to. */
  readonly unread: number;
}

const BATCH_DECISIONS = 10_000;
const BATCH_COPIES = 256;

/** Sums of versions that the vault has and that nobody has to do anything about. */
export interface UnchangedSums {
  /** Keys whose newest version is an object. */
  objects: number;
  /** Versions with a body, and the bytes of these. */
  versions: number;
  bytes: number;
  markers: number;
}

/** Decisions that are carried out together: their small bodies share a pack. */
export class Batch {
  readonly placed: Placed[] = [];
  /** Versions that are only counted, by the place of the decision that they come before. */
  private readonly unchanged = new Map<number, UnchangedSums>();
  private passed = 0;
  /** Of keys that no turn before has begun with, in order; most have nothing to count. */
  readonly keys: { readonly key: string; readonly counts: KeyCounts }[] = [];
  private bytes = 0;
  private copies = 0;
  /** `until`: time that has to be left to carry the decisions out, milliseconds. */
  constructor(
    private readonly packThreshold: number,
    private readonly until: number,
  ) {}

  add(placed: Placed): void {
    this.placed.push(placed);
    if (placed.decision.kind !== 'store' && placed.decision.kind !== 'retry') return;
    const size = placed.decision.row.size ?? 0;
    if (size > this.packThreshold) this.copies++;
    else this.bytes += size;
  }
  /** Takes rows as decisions that are carried out already, from one place on as many as there is room for; answers where it stopped. */
  addUnchanged({ scan, to }: Unchanged, from: number): number {
    const { kind, size } = scan.columns;
    const { keys } = scan;
    const end = Math.min(to, from + BATCH_DECISIONS - this.count);
    const sums = this.unchanged.get(this.placed.length) ?? { objects: 0, versions: 0, bytes: 0, markers: 0 };
    this.unchanged.set(this.placed.length, sums);
    for (let i = from; i < end; i++) {
      if (kind?.[i] === 'marker') {
        sums.markers++;
        continue;
      }
      sums.versions++;
      sums.bytes += size?.[i] ?? 0;
      if (i === 0 || keys[i - 1] !== keys[i]) sums.objects++;
    }
    this.passed += end - from;
    return end;
  }
  /** What is unchanged right before the decision of a place, or after the last one. */
  unchangedBefore(place: number): UnchangedSums | undefined {
    return this.unchanged.get(place);
  }
  addKey(key: string, { leftOut, gaps, unread }: KeyCounts): void {
    if (leftOut + gaps + unread > 0) this.keys.push({ key, counts: { leftOut, gaps, unread } });
  }
  /** Whether deciding has taken its share of the time. */
  isDue(remaining: number): boolean {
    return this.count > 0 && (remaining <= 0 || remaining < this.until);
  }
  private get count(): number {
    return this.placed.length + this.passed;
  }
  get isFull(): boolean {
    return this.count >= BATCH_DECISIONS || this.bytes >= PACK_BYTES || this.copies >= BATCH_COPIES;
  }
}

interface KeyFacts extends Pick<Placed, 'current'> {
  readonly currentAt?: number;
  readonly above: ReadonlySet<string>;
}

export const place = (decision: Decision, done: number, { current, currentAt, above }: KeyFacts): Placed => ({
  decision,
  done,
  current,
  needed: isOf(decision, current),
  isNewer: decision.row.lastModified > (currentAt ?? -Infinity) || above.has(versionIdentity(decision.row)),
});

/** Whether a decision is about the version itself, and that is the one. */
const isOf = ({ kind, row }: Decision, identity: string | undefined): boolean =>
  kind !== 'remove' && kind !== 'restate' && kind !== 'take' && kind !== 'folded' && versionIdentity(row) === identity;
