import { decodeAcl, decodeHeaders, decodeMetadata, decodeTags } from '../core/canonical';
import type { ObjectProperties } from '../core/object-properties';
import type { RestoreJob } from '../core/restore-job';
import type { CopyOp, OpenUpload, OpOutcome, PutOp, WrongCopy } from '../core/restore-outcome';
import type { RestoreOp } from '../core/restore-plan';
import { isStoreError, ObjectRef, ReadOptions, WriteCondition, Written } from '../ports/object-store';
import { checksumText, hashByReading } from './checksums';
import { headEtag } from './destination-listing';
import { asCopy, recorded, RestoreBodies } from './restore-bodies';
import type { RestorePorts } from './restore-plan';
import { ServerCopy } from './server-copy';

/** What came of an attempt to write one version. */
export type WriteOutcome =
  | OpOutcome
  /** The key is not as it was expected: somebody else wrote it, or an earlier attempt of this job. */
  | { readonly kind: 'conflict' }
  /** The upload that was begun is gone: completed by an earlier attempt, or aborted by the bucket's lifecycle. */
  | { readonly kind: 'no-upload' }
  /** The time is over: a later turn goes on with the upload. */
  | { readonly kind: 'unfinished'; readonly upload: OpenUpload };

type BodyOp = PutOp | CopyOp;
type Target = { readonly bucket: string; readonly key: string };

/** Writes single versions and delete markers to the destination, and checks what S3 made of them. */
export class VersionWriter {
  private readonly copier: ServerCopy;

  constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly bodies: RestoreBodies,
  ) {
    this.copier = new ServerCopy(ports.destination, ports.settings.copyPartSize, ports.deadline);
  }

  async write(key: string, op: RestoreOp, condition: WriteCondition, begun?: OpenUpload): Promise<WriteOutcome> {
    const target = { bucket: this.job.destination.bucket, key };
    try {
      if (op.kind === 'marker') return await this.mark(target, condition);
      return await this.writeBody(target, op, condition, begun);
    } catch (error) {
      if (isStoreError(error, 'precondition-failed')) return { kind: 'conflict' };
      if (begun && isStoreError(error, 'no-such-upload')) return { kind: 'no-upload' };
      if (isStoreError(error, 'access-denied')) return { kind: 'failed', reason: 'access-denied' };
      if (isStoreError(error, 'invalid', 'key-too-long')) return { kind: 'failed', reason: 'invalid' };
      if (isStoreError(error, 'not-found', 'delete-marker')) return { kind: 'failed', reason: 'missing' };
      throw error;
    }
  }

  private async mark(target: Target, condition: WriteCondition): Promise<WriteOutcome> {
    // S3 cannot make a delete conditional on there being no object: ask first.
    if (condition.ifAbsent && (await headEtag(this.ports.destination, target.bucket, target.key)) !== undefined)
      return { kind: 'conflict' };
    const { versionId } = await this.ports.destination.addMarker({ ...target, ifMatch: condition.ifMatch });
    return { kind: 'marked', versionId };
  }

  private async writeBody(
    target: Target,
    op: BodyOp,
    condition: WriteCondition,
    begun: OpenUpload | undefined,
  ): Promise<WriteOutcome> {
    const write = async (acl: string | undefined): Promise<WriteOutcome> => {
      const properties = this.properties(op, acl);
      const kept = await this.bodies.inBucket(op);
      if (kept) return this.copyFrom(kept, target, asCopy(op), properties, condition, begun);
      return op.kind === 'put'
        ? this.put(target, op, properties, condition)
        : this.copy(target, op, properties, condition, begun);
    };
    try {
      return await this.writeWithAcl(op, write, begun);
    } catch (error) {
      const isRefused = isStoreError(
        error,
        'not-found',
        'delete-marker',
        'archived',
        'sse-c',
        'access-denied',
        'invalid',
      );
      if (!isRefused || begun || !(await this.bodies.inBucket(op)) || !this.bodies.forgo(op)) throw error;
      return this.writeWithAcl(op, write, begun);
    }
  }

  private async writeWithAcl(
    op: BodyOp,
    write: (acl: string | undefined) => Promise<WriteOutcome>,
    begun: OpenUpload | undefined,
  ): Promise<WriteOutcome> {
    if (begun?.withoutAcl) return withoutAcl(await write(undefined));
    try {
      return await write(op.acl);
    } catch (error) {
      if (op.acl === undefined || !isStoreError(error, 'access-denied', 'acls-disabled')) throw error;
      // Blocked public access and disabled ACLs refuse the grants, not the object.
      return withoutAcl(await write(undefined));
    }
  }

  private async put(
    target: Target,
    op: PutOp,
    properties: ObjectProperties,
    condition: WriteCondition,
  ): Promise<WriteOutcome> {
    const body = await this.bodies.packed(op);
    if (!body) return { kind: 'failed', reason: 'damaged' };
    const { versionId, etag } = await this.ports.destination.put({ ...target, body, ...properties, ...condition });
    return { kind: 'restored', versionId, etag, read: false };
  }

  private async copy(
    target: Target,
    op: CopyOp,
    properties: ObjectProperties,
    condition: WriteCondition,
    begun: OpenUpload | undefined,
  ): Promise<WriteOutcome> {
    const found = await this.bodies.source(op);
    if ('reason' in found) return { kind: 'failed', reason: found.reason };
    return this.copyFrom(found.source, target, op, properties, condition, begun);
  }

  private async copyFrom(
    source: ReadOptions,
    target: Target,
    op: CopyOp,
    properties: ObjectProperties,
    condition: WriteCondition,
    begun: OpenUpload | undefined,
  ): Promise<WriteOutcome> {
    const copied = await this.copier.copy({
      ...target,
      source,
      size: op.size,
      properties,
      condition,
      checksum: recorded(op).algorithm,
      begun: begun?.uploadId,
    });
    if (!copied.done) return { kind: 'unfinished', upload: { uploadId: copied.uploadId } };
    return this.verified(target, op, copied.written);
  }

  /** The second line behind the check of the source. A copy that is not proved right does not stay current. */
  private async verified(target: Target, op: CopyOp, written: Written): Promise<OpOutcome> {
    const { versionId, etag } = written;
    const proof = await this.compare({ ...target, versionId }, op, written);
    if (proof === 'right') return { kind: 'restored', versionId, etag, read: false };
    if (proof === 'right-by-reading') return { kind: 'restored', versionId, etag, read: true };
    return { kind: 'failed', reason: proof, wrong: { versionId, etag, ...(await this.hide(target, etag)) } };
  }

  /** A copy is checked by S3's checksum of it; where S3 gives none of the recorded kind, it is read and hashed. */
  private async compare(
    ref: ObjectRef,
    op: CopyOp,
    written: Written,
  ): Promise<'right' | 'right-by-reading' | 'damaged' | 'not-verifiable'> {
    const { destination } = this.ports;
    const { algorithm } = recorded(op);
    try {
      const known =
        written.checksum?.algorithm === algorithm ? written.checksum : (await destination.head(ref)).checksum;
      if (known?.algorithm === algorithm) return checksumText(known) === op.file.checksum ? 'right' : 'damaged';
      if (algorithm !== 'SHA256') return 'not-verifiable';
      const found = await hashByReading(destination, ref, op.size);
      return found === op.file.checksum ? 'right-by-reading' : 'damaged';
    } catch (error) {
      if (isStoreError(error, 'access-denied', 'not-found')) return 'not-verifiable';
      throw error;
    }
  }

  /** Puts a delete marker on a wrong copy, unless somebody else wrote over it or the bucket allows no marker. */
  private async hide(target: Target, ifMatch: string): Promise<Pick<WrongCopy, 'hiddenBy' | 'overwritten'>> {
    try {
      const { versionId } = await this.ports.destination.addMarker({ ...target, ifMatch });
      return { hiddenBy: versionId };
    } catch (error) {
      if (isStoreError(error, 'precondition-failed')) return { overwritten: true };
      if (isStoreError(error, 'access-denied')) return {};
      throw error;
    }
  }

  private properties(op: BodyOp, acl: string | undefined): ObjectProperties {
    const { encryption } = this.job;
    return {
      headers: decodeHeaders(op.headers),
      userMetadata: decodeMetadata(op.userMetadata),
      tags: op.tags === undefined ? undefined : decodeTags(op.tags),
      grants: acl === undefined ? undefined : decodeAcl(acl).grants,
      storageClass: op.storageClass,
      encryption: encryption.type === 'DESTINATION_DEFAULT' ? undefined : encryption,
    };
  }
}

function withoutAcl(outcome: WriteOutcome): WriteOutcome {
  if (outcome.kind === 'restored') return { ...outcome, withoutAcl: true };
  return outcome.kind === 'unfinished' ? { ...outcome, upload: { ...outcome.upload, withoutAcl: true } } : outcome;
}
