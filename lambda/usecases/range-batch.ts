import type { Decision } from '../core/decisions';
import { PACK_BYTES } from '../core/pack';
import { versionIdentity } from '../core/row';

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

/** Decisions that are carried out together: their small bodies share a pack. */
export class Batch {
  readonly placed: Placed[] = [];
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
    if (placed.decision.kind !== 'store') return;
    const size = placed.decision.row.size ?? 0;
    if (size > this.packThreshold) this.copies++;
    else this.bytes += size;
  }
  addKey(key: string, { leftOut, gaps, unread }: KeyCounts): void {
    if (leftOut + gaps + unread > 0) this.keys.push({ key, counts: { leftOut, gaps, unread } });
  }
  /** Whether deciding has taken its share of the time. */
  isDue(remaining: number): boolean {
    return this.placed.length > 0 && (remaining <= 0 || remaining < this.until);
  }
  get isFull(): boolean {
    return this.placed.length >= BATCH_DECISIONS || this.bytes >= PACK_BYTES || this.copies >= BATCH_COPIES;
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
