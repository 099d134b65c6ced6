import {
  decodeAcl,
  decodeHeaders,
  decodeMetadata,
  decodeTags,
  encodeHeaders,
  encodeMetadata,
  encodeTags,
} from '../core/canonical';
import { fromIso } from '../core/instant';
import type { Checksum, ObjectProperties } from '../core/object-properties';
import type { RestoreJob } from '../core/restore-job';
import type { RestoreAction, RestoreOp } from '../core/restore-plan';
import {
  isStoreError,
  ListedVersion,
  ObjectHead,
  ObjectRef,
  VersionCursor,
  WriteCondition,
  Written,
} from '../ports/object-store';
import { checksumText, hashByReading } from './checksums';
import { headEtag } from './destination-listing';
import { BodyMap, readBody } from './pack-bodies';
import type { RestorePorts } from './restore-plan';
import { ServerCopy } from './server-copy';

/** `not-verifiable`: the copy is there, but S3 gives no checksum of the kind that was recorded. */
type FailureReason = 'damaged' | 'not-finished' | 'not-verifiable' | 'access-denied' | 'invalid' | 'missing';

/** What became of one write. */
export type OpOutcome =
  | {
      readonly kind: 'restored';
      readonly versionId?: string;
      readonly etag: string;
      /** Verified by reading the object, because S3 gave no checksum to compare. */
      readonly read: boolean;
      /** The bucket refused the ACL: the object was written without it. */
      readonly withoutAcl?: boolean;
    }
  | { readonly kind: 'marked' }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly etag?: string }
  | { readonly kind: 'precondition-failed' }
  /** The time is over: a later turn goes on, with the upload if one is under way. */
  | { readonly kind: 'unfinished'; readonly uploadId?: string };

export type PutOp = Extract<RestoreOp, { kind: 'put' }>;
type CopyOp = Extract<RestoreOp, { kind: 'copy' }>;

/**
 * Carries out the writes of one key, oldest version first. Each write is conditional on what was there before it, so a live writer
 * wins; a repeated attempt finds its own earlier writes and goes on after them.
 */
export class KeyRestorer {
  private readonly copier: ServerCopy;
  constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly bodies: BodyMap,
    /** Uploads that earlier turns began, by uploadName. */
    private readonly uploads: ReadonlyMap<string, string>,
  ) {
    this.copier = new ServerCopy(ports.destination, ports.settings.copyPartSize, ports.deadline);
  }

  /** Outcomes of the key's writes, in their order; after `unfinished` come none. */
  async restore(action: RestoreAction): Promise<OpOutcome[]> {
    if (action.ops.length === 1) return this.writeAll(action);
    const damaged = await this.damagedBodies(action);
    const newest = action.ops.findLast((op) => op.kind !== 'marker');
    // Without its newest body a key would show an older one as current.
    if (newest && damaged.has(newest)) return action.ops.map(() => ({ kind: 'failed', reason: 'damaged' }));
    const written = await this.writeAll({ ...action, ops: action.ops.filter((op) => !damaged.has(op)) });
    const outcomes: OpOutcome[] = [];
    for (const op of action.ops) {
      const outcome: OpOutcome | undefined = damaged.has(op) ? { kind: 'failed', reason: 'damaged' } : written.shift();
      if (!outcome) break;
      outcomes.push(outcome);
      if (outcome.kind === 'unfinished') break;
    }
    return outcomes;
  }

  /** Known before the first write, so that every turn of a key leaves out the same ones. */
  private async damagedBodies(action: RestoreAction): Promise<ReadonlySet<RestoreOp>> {
    const damaged = new Set<RestoreOp>();
    for (const op of action.ops) {
      if (op.kind === 'put' && !(await this.body(op))) damaged.add(op);
      if (op.kind === 'copy' && !(await this.ports.vault.exists(op.file))) damaged.add(op);
    }
    return damaged;
  }

  private async writeAll(action: RestoreAction): Promise<OpOutcome[]> {
    const outcomes = action.ops.length > 1 ? await this.earlierWrites(action) : [];
    if (!outcomes) return action.ops.map(() => ({ kind: 'precondition-failed' }));
    let condition = this.conditionAfter(action, outcomes);
    const before = outcomes.length;
    for (const op of action.ops.slice(before)) {
      const wrote = outcomes.slice(before).some(({ kind }) => kind === 'restored' || kind === 'marked');
      // After a failure the key is finished in this turn: a later one could not tell how far it had come.
      const failed = outcomes.some(({ kind }) => kind === 'failed');
      if (wrote && !failed && this.ports.deadline.remainingMillis() <= 0) {
        outcomes.push({ kind: 'unfinished' });
        break;
      }
      const written = await this.write(action, op, condition);
      const outcome: OpOutcome =
        failed && written.kind === 'unfinished' ? { kind: 'failed', reason: 'not-finished' } : written;
      outcomes.push(outcome);
      if (outcome.kind === 'restored') condition = { ifMatch: outcome.etag };
      else if (outcome.kind === 'marked') condition = { ifAbsent: true };
      // A copy that proved wrong is there all the same: the right versions go on top of it.
      else if (outcome.kind === 'failed' && outcome.etag !== undefined) condition = { ifMatch: outcome.etag };
      else if (outcome.kind !== 'failed') break;
    }
    // After a lost race nothing more of the key is written: the order would be wrong.
    while (outcomes.length < action.ops.length && outcomes.at(-1)?.kind === 'precondition-failed')
      outcomes.push({ kind: 'precondition-failed' });
    return outcomes;
  }

  private conditionAfter(action: RestoreAction, done: readonly OpOutcome[]): WriteCondition {
    const last = done.at(-1);
    if (last?.kind === 'restored') return { ifMatch: last.etag };
    if (last?.kind === 'marked' || action.replaces === undefined) return { ifAbsent: true };
    return { ifMatch: action.replaces };
  }

  private async write(action: RestoreAction, op: RestoreOp, condition: WriteCondition): Promise<OpOutcome> {
    const target = { bucket: this.job.destination.bucket, key: action.destination };
    try {
      if (op.kind === 'marker') {
        // S3 cannot make a delete conditional on there being no object: ask first.
        if (condition.ifAbsent && (await headEtag(this.ports.destination, target.bucket, target.key)) !== undefined)
          return { kind: 'precondition-failed' };
        await this.ports.destination.addMarker({ ...target, ifMatch: condition.ifMatch });
        return { kind: 'marked' };
      }
      return await this.writeBody(target, op, condition);
    } catch (error) {
      if (isStoreError(error, 'precondition-failed', 'no-such-upload'))
        return op.kind === 'marker' ? { kind: 'precondition-failed' } : this.alreadyThere(target, op);
      if (isStoreError(error, 'access-denied')) return { kind: 'failed', reason: 'access-denied' };
      if (isStoreError(error, 'invalid', 'key-too-long')) return { kind: 'failed', reason: 'invalid' };
      if (isStoreError(error, 'not-found', 'delete-marker')) return { kind: 'failed', reason: 'missing' };
      throw error;
    }
  }

  private async writeBody(
    target: { bucket: string; key: string },
    op: PutOp | CopyOp,
    condition: WriteCondition,
  ): Promise<OpOutcome> {
    try {
      return op.kind === 'put' ? await this.put(target, op, condition) : await this.copy(target, op, condition);
    } catch (error) {
      if (op.acl === undefined || !isStoreError(error, 'access-denied', 'acls-disabled')) throw error;
      // Blocked public access and disabled ACLs refuse the grants, not the object.
      const outcome = await this.writeBody(target, { ...op, acl: undefined }, condition);
      return outcome.kind === 'restored' ? { ...outcome, withoutAcl: true } : outcome;
    }
  }

  /** Bodies of a key with very many versions are not all read ahead. */
  private async body(op: PutOp): Promise<Uint8Array | undefined> {
    return this.bodies.get(op) ?? (await readBody(this.ports.vault, op));
  }

  private async put(target: { bucket: string; key: string }, op: PutOp, condition: WriteCondition): Promise<OpOutcome> {
    const body = await this.body(op);
    if (!body) return { kind: 'failed', reason: 'damaged' };
    const written = await this.ports.destination.put({ ...target, body, ...this.properties(op), ...condition });
    return { kind: 'restored', versionId: written.versionId, etag: written.etag, read: false };
  }

  /** From the recorded version, else from the current one of that name: the checksum tells whether it is right. */
  private async copy(
    target: { bucket: string; key: string },
    op: CopyOp,
    condition: WriteCondition,
    versionId = op.file.versionId,
  ): Promise<OpOutcome> {
    const source = { bucket: this.ports.vault.bucket, key: op.file.name, versionId };
    const begun = this.uploads.get(uploadName(target.key, op));
    try {
      const properties = this.properties(op);
      const { algorithm: checksum } = recorded(op);
      const copy = { source, ...target, size: op.size, properties, condition, checksum, begun };
      const copied = await this.copier.copy(copy);
      if (!copied.done) return { kind: 'unfinished', uploadId: copied.uploadId };
      return await this.verify(target, op, copied.written);
    } catch (error) {
      if (versionId === undefined || !isStoreError(error, 'not-found', 'delete-marker')) throw error;
      return this.copy(target, { ...op, file: { ...op.file, versionId: undefined } }, condition);
    }
  }

  /** A copy is checked by S3's checksum of it; where S3 gives none of the recorded kind, it is read and hashed. */
  private async verify(target: { bucket: string; key: string }, op: CopyOp, written: Written): Promise<OpOutcome> {
    const { versionId, etag } = written;
    const ref = { ...target, versionId };
    const { algorithm } = recorded(op);
    const known =
      written.checksum?.algorithm === algorithm ? written.checksum : (await this.ports.destination.head(ref)).checksum;
    const comparable = known?.algorithm === algorithm ? known : undefined;
    if (!comparable && algorithm !== 'SHA256') return { kind: 'failed', reason: 'not-verifiable', etag };
    const found = comparable ? checksumText(comparable) : await hashByReading(this.ports.destination, ref, op.size);
    if (found !== op.file.checksum) return { kind: 'failed', reason: 'damaged', etag };
    return { kind: 'restored', versionId, etag, read: !comparable };
  }

  private properties(op: PutOp | CopyOp): ObjectProperties {
    const { encryption } = this.job;
    return {
      headers: decodeHeaders(op.headers),
      userMetadata: decodeMetadata(op.userMetadata),
      tags: op.tags === undefined ? undefined : decodeTags(op.tags),
      grants: op.acl === undefined ? undefined : decodeAcl(op.acl).grants,
      storageClass: op.storageClass,
      encryption: encryption.type === 'DESTINATION_DEFAULT' ? undefined : encryption,
    };
  }

  /** The condition failed: because an earlier attempt of this job wrote the object, or because someone else did. */
  private async alreadyThere(target: { bucket: string; key: string }, op: PutOp | CopyOp): Promise<OpOutcome> {
    const ours = await this.isOurs(target, op);
    return ours ?? { kind: 'precondition-failed' };
  }

  private async isOurs(
    ref: { bucket: string; key: string; versionId?: string },
    op: PutOp | CopyOp,
  ): Promise<OpOutcome | undefined> {
    try {
      const head = await this.ports.destination.head(ref);
      if (head.size !== op.size || head.lastModified < fromIso(this.job.startedAt)) return undefined;
      const wanted =
        op.kind === 'put' ? `SHA256:${Buffer.from(op.sha256, 'hex').toString('base64')}` : op.file.checksum;
      const known = head.checksum && wanted.startsWith(`${head.checksum.algorithm}:`) ? head.checksum : undefined;
      const found = known ? checksumText(known) : await hashByReading(this.ports.destination, ref, op.size);
      if (found !== wanted || !(await this.sameProperties(ref, head, op))) return undefined;
      return { kind: 'restored', versionId: head.versionId, etag: head.etag, read: false };
    } catch (error) {
      if (isStoreError(error, 'not-found', 'delete-marker')) return undefined;
      throw error;
    }
  }

  /** Equal bytes with other headers, metadata or tags are somebody else's object. */
  private async sameProperties(ref: ObjectRef, head: ObjectHead, op: PutOp | CopyOp): Promise<boolean> {
    if (encodeHeaders(head.headers) !== op.headers || encodeMetadata(head.userMetadata) !== op.userMetadata)
      return false;
    const wanted = op.tags ?? encodeTags({});
    const found = head.tagCount === 0 ? encodeTags({}) : encodeTags(await this.ports.destination.getTags(ref));
    return found === wanted;
  }

  /**
   * Which of the key's writes an earlier attempt has done already: the destination's newest versions, on top of what the plan found.
   * Undefined when something else was written there.
   */
  private async earlierWrites(action: RestoreAction): Promise<OpOutcome[] | undefined> {
    const own = await this.newestVersions(action.destination, action.ops.length + 1);
    for (let done = Math.min(action.ops.length, own.length); done >= 0; done--) {
      if (!isBaseline(own[done], action)) continue;
      const outcomes = await this.matches(action, own.slice(0, done).reverse());
      if (outcomes) return outcomes;
    }
    return undefined;
  }

  /** The newest versions of one key. The key itself is the first with that prefix. */
  private async newestVersions(key: string, count: number): Promise<ListedVersion[]> {
    const { bucket } = this.job.destination;
    const found: ListedVersion[] = [];
    let cursor: VersionCursor | undefined;
    do {
      const page = await this.ports.destination.listVersions({ bucket, prefix: key, cursor });
      const own = page.entries.filter((entry) => entry.key === key);
      found.push(...own);
      cursor = own.length === page.entries.length && found.length < count ? page.next : undefined;
    } while (cursor);
    return found;
  }

  private async matches(action: RestoreAction, written: readonly ListedVersion[]): Promise<OpOutcome[] | undefined> {
    const outcomes: OpOutcome[] = [];
    for (const [index, entry] of written.entries()) {
      const op = action.ops[index];
      if (!op || (op.kind === 'marker') !== entry.isMarker) return undefined;
      if (op.kind === 'marker') {
        if (entry.lastModified < fromIso(this.job.startedAt)) return undefined;
        outcomes.push({ kind: 'marked' });
        continue;
      }
      const ref = { bucket: this.job.destination.bucket, key: action.destination, versionId: entry.versionId };
      const outcome = await this.isOurs(ref, op);
      if (!outcome) return undefined;
      outcomes.push(outcome);
    }
    return outcomes;
  }
}

/** The checksum of the vault's file, as it was recorded at the backup. */
function recorded(op: CopyOp): Checksum {
  const split = op.file.checksum.indexOf(':');
  return {
    algorithm: op.file.checksum.slice(0, split) as Checksum['algorithm'],
    value: op.file.checksum.slice(split + 1),
  };
}

/** Names the upload of one version of a key: several versions of it may be copied by parts, one after the other. */
export const uploadName = (destination: string, op: { readonly versionId: string }): string =>
  `${destination}\u0000${op.versionId}`;

/** Whether this is what the plan found on top: the object to replace, or nothing but a delete marker. */
const isBaseline = (entry: ListedVersion | undefined, action: RestoreAction): boolean =>
  action.replaces === undefined ? entry === undefined || entry.isMarker : entry?.etag === action.replaces;
