import { agrees } from '../../../core/objects/checksums';
import { decodeAcl, encodeAcl, encodeHeaders, encodeMetadata, encodeTags } from '../../../core/objects/canonical';
import type { RestoreAction } from '../../../core/restore/actions';
import { mayLackTags } from '../../../core/restore/body-properties';
import type { RestoreJob } from '../../../core/restore/job';
import { CopyOp, KeyProgress, markerRefusal, OpOutcome, PutOp, topOf } from '../../../core/restore/outcome';
import { fromIso } from '../../../core/values/instant';
import { isStoreError, ListedVersion, ObjectHead, ObjectRef, ObjectStore } from '../../../ports/object-store';
import { versionsOfKey } from '../../versions/key-versions';
import type { CopyProof } from './proof';

type BodyOp = PutOp | CopyOp;
/** Writes of an attempt that died, by the number of the op. */
export type Found = ReadonlyMap<number, OpOutcome>;

/** Versions that others may have written above a lost write. More than these in the seconds of a request are not looked through. */
const MOST_SINCE = 100;

/** Finds what an attempt of this job wrote that died before it could say so. */
export class EarlierWrites {
  constructor(
    private readonly destination: ObjectStore,
    private readonly job: RestoreJob,
    private readonly proof: CopyProof,
  ) {}

  /**
   * Writes above what is known to be there: the destination's newest versions, oldest first, are the next of the key's writes, or those
   * after some that the dead attempt could not do, each maybe under the marker that hid it. Undefined when something else was written there.
   */
  async above(action: RestoreAction, outcomes: KeyProgress['outcomes']): Promise<Found | undefined> {
    const open = openOps(action, outcomes);
    const { bucket } = this.job.destination;
    const own = await versionsOfKey(this.destination, { bucket, key: action.destination }, 2 * open.length + 1);
    for (let done = Math.min(2 * open.length, own.length); done >= 0; done--) {
      if (!this.isKnown(own[done], action, outcomes)) continue;
      const found = await this.align(action, outcomes, own.slice(0, done).reverse());
      if (found) return found;
    }
    return undefined;
  }

  /** The same for the last body of a key: only the current object can be it, and asking for that costs less. */
  async current(action: RestoreAction, outcomes: KeyProgress['outcomes']): Promise<Found | undefined> {
    const [index = -1] = openOps(action, outcomes);
    const op = action.ops[index];
    if (!op || op.kind === 'marker') return undefined;
    const outcome = await this.recognise({ bucket: this.job.destination.bucket, key: action.destination }, op);
    if (outcome?.kind !== 'restored' || outcome.versionId === topOf(outcomes)?.versionId) return undefined;
    return new Map([[index, outcome]]);
  }

  /**
   * Writes of a key under whatever others have written since. A write that is conditional on an absent object would be done again where they have
   * deleted it. Empty when none was done.
   */
  async buried(action: RestoreAction, outcomes: KeyProgress['outcomes']): Promise<Found> {
    const open = openOps(action, outcomes);
    const found = new Map<number, OpOutcome>();
    const target = { bucket: this.job.destination.bucket, key: action.destination };
    for (const entry of await versionsOfKey(this.destination, target, MOST_SINCE + 2 * open.length)) {
      if (!this.isSince(entry) || entry.versionId === topOf(outcomes)?.versionId) break;
      const [index, outcome] = (await this.newestLike(entry, action, open)) ?? [];
      if (index === undefined || !outcome) continue;
      found.set(index, outcome);
      open.splice(open.indexOf(index));
    }
    return found;
  }

  /** The newest of some ops that a version may come of. */
  private async newestLike(
    entry: ListedVersion,
    { ops, destination }: RestoreAction,
    open: readonly number[],
  ): Promise<readonly [number, OpOutcome] | undefined> {
    for (const index of [...open].reverse()) {
      const op = ops[index];
      const outcome = op && op.kind !== 'marker' ? await this.recogniseListed(destination, entry, op) : undefined;
      if (outcome) return [index, outcome];
    }
    return undefined;
  }

  /** Whether this is what was on top before the writes that are looked for. */
  private isKnown(entry: ListedVersion | undefined, action: RestoreAction, outcomes: KeyProgress['outcomes']): boolean {
    const top = topOf(outcomes);
    if (top) return entry !== undefined && entry.versionId === top.versionId;
    if (action.before) return entry?.versionId === action.before.versionId && entry.etag === action.before.etag;
    // Before the first write: the object to replace, or nothing but a delete marker. A later marker may be on top of what was written.
    if (action.replaces !== undefined) return entry?.etag === action.replaces;
    return entry === undefined || (entry.isMarker && !this.isSince(entry));
  }

  private isSince({ lastModified }: Pick<ListedVersion, 'lastModified'>): boolean {
    return lastModified >= fromIso(this.job.startedAt);
  }

  private async align(
    action: RestoreAction,
    outcomes: KeyProgress['outcomes'],
    written: readonly ListedVersion[],
  ): Promise<Found | undefined> {
    const found = new Map<number, OpOutcome>();
    const supposed = [...outcomes];
    const entries = [...written];
    for (const index of openOps(action, outcomes)) {
      const [entry] = entries;
      const op = action.ops[index];
      if (!entry || !op) break;
      const outcome =
        op.kind === 'marker'
          ? this.recogniseMarker(entry, supposed, index)
          : await this.recogniseListed(action.destination, entry, op);
      supposed[index] = outcome ?? { kind: 'failed', reason: 'not-finished' };
      if (!outcome) continue;
      entries.shift();
      const hidden = action.ops[index + 1]?.kind === 'marker' ? undefined : this.recogniseHidden(outcome, entries[0]);
      if (hidden) entries.shift();
      found.set(index, (supposed[index] = hidden ?? outcome));
    }
    return entries.length === 0 ? found : undefined;
  }

  private recogniseMarker(
    entry: ListedVersion,
    supposed: KeyProgress['outcomes'],
    index: number,
  ): OpOutcome | undefined {
    if (!entry.isMarker || !this.isSince(entry)) return undefined;
    return markerRefusal(supposed, index) ? undefined : { kind: 'marked', versionId: entry.versionId };
  }

  /** The dead attempt could not write the tags either, and put a marker on the object. */
  private recogniseHidden(outcome: OpOutcome, above: ListedVersion | undefined): OpOutcome | undefined {
    if (outcome.kind !== 'restored' || !outcome.withoutTags || !above?.isMarker) return undefined;
    if (!this.isSince(above)) return undefined;
    const { versionId, etag } = outcome;
    return { kind: 'failed', reason: 'tags-not-written', wrong: { versionId, etag, hiddenBy: above.versionId } };
  }

  private async recogniseListed(key: string, entry: ListedVersion, op: BodyOp): Promise<OpOutcome | undefined> {
    const { isMarker, size, versionId } = entry;
    if (isMarker || size !== op.size || !this.isSince(entry)) return undefined;
    return this.recognise({ bucket: this.job.destination.bucket, key, versionId }, op);
  }

  /** Whether an object is this very version, written by this job. */
  private async recognise(ref: ObjectRef, op: BodyOp): Promise<OpOutcome | undefined> {
    try {
      const head = await this.destination.head(ref);
      if (head.size !== op.size || !this.isSince(head)) return undefined;
      const { versionId, etag } = head;
      const exact = { ...ref, versionId };
      const withoutTags = lacksTags(head, op) ? true : undefined;
      if (!(await this.sameBody(exact, head, op)) || !sameHeaders(head, op)) return undefined;
      if (!withoutTags && !(await this.sameTags(exact, head, op))) return undefined;
      const withoutAcl = (await this.sameAcl(exact, op)) ? undefined : true;
      return { kind: 'restored', versionId, etag, read: false, withoutAcl, withoutTags };
    } catch (error) {
      if (isStoreError(error, 'not-found', 'delete-marker')) return undefined;
      throw error;
    }
  }

  private async sameBody(ref: ObjectRef, head: ObjectHead, op: BodyOp): Promise<boolean> {
    const wanted = await this.proof.wanted(op);
    // Size, headers, metadata and tags are all that can be compared then.
    if (wanted.length === 0) return true;
    return agrees(wanted, head.checksum) ?? (await this.proof.readAndCompare(ref, op, wanted)) ?? false;
  }

  private async sameTags(ref: ObjectRef, head: ObjectHead, op: BodyOp): Promise<boolean> {
    const wanted = op.tags ?? encodeTags({});
    const found = head.tagCount === 0 ? encodeTags({}) : encodeTags(await this.destination.getTags(ref));
    return found === wanted;
  }

  /** A bucket that refuses an ACL has the object without it; one whose ACL may not be read is not said to have it. */
  private async sameAcl(ref: ObjectRef, op: BodyOp): Promise<boolean> {
    if (op.acl === undefined) return true;
    const owner = '';
    try {
      const { grants } = await this.destination.getAcl(ref);
      return encodeAcl({ owner, grants }) === encodeAcl({ owner, grants: decodeAcl(op.acl).grants });
    } catch (error) {
      if (isStoreError(error, 'access-denied')) return false;
      throw error;
    }
  }
}

/** Equal bytes with other headers, metadata or tags are somebody else's object. */
const sameHeaders = (head: ObjectHead, op: BodyOp): boolean =>
  encodeHeaders(head.headers) === op.headers && encodeMetadata(head.userMetadata) === op.userMetadata;

/** Tags that had no room in the headers come after the object: an attempt may have died in between. */
const lacksTags = (head: ObjectHead, op: BodyOp): boolean => head.tagCount === 0 && mayLackTags(op);

const openOps = (action: RestoreAction, outcomes: KeyProgress['outcomes']): number[] =>
  [...action.ops.keys()].filter((index) => outcomes[index] === null);
