import { BackupError, ErrorName } from '../../../contract/errors';
import { NULL_VERSION } from '../../../core/history/row';
import type { WantedChecksum } from '../../../core/objects/checksums';
import type { Checksum, ObjectProperties } from '../../../core/objects/properties';
import type { RestoreOp } from '../../../core/restore/actions';
import { bodyProperties } from '../../../core/restore/body-properties';
import { wantedChecksum } from '../../../core/restore/checksums';
import type { RestoreJob } from '../../../core/restore/job';
import type { CopyOp, OpenUpload, OpOutcome, PutOp } from '../../../core/restore/outcome';
import { Crc64Nvme } from '../../../core/values/crc64nvme';
import { isStoreError, ReadOptions, StoreError, WriteCondition, Written } from '../../../ports/object-store';
import type { RestorePorts } from '../../context';
import { isSingleCopy, ServerCopy } from '../../versions/server-copy';
import { headEtag } from '../existing/destination-listing';
import { CopyProof } from '../existing/proof';
import { asCopy, RestoreBodies } from './bodies';
import { isPassing, withdraw } from './withdraw';

/** What came of an attempt to write one version. */
export type WriteOutcome =
  | OpOutcome
  /** The key is not as it was expected: somebody else wrote it, or an earlier attempt of this job. */
  | { readonly kind: 'conflict' }
  /**
   * The upload that was begun is gone: completed by an earlier attempt, aborted by the bucket's lifecycle, or of no use since somebody wrote or
   * deleted the key meanwhile.
   */
  | { readonly kind: 'no-upload' }
  /** No answer came to a write that S3 would do twice: the key has to be looked at before anything else. */
  | { readonly kind: 'unsure'; readonly error: StoreError }
  /** The time is over: a later turn goes on with the upload. */
  | { readonly kind: 'unfinished'; readonly upload: OpenUpload };

type BodyOp = PutOp | CopyOp;
type Write = (acl: string | undefined, begun: OpenUpload | undefined) => Promise<WriteOutcome>;
type Target = { readonly bucket: string; readonly key: string };

/** Why S3 does not copy a version within the bucket: the vault's body may do. */
const REFUSED = ['not-found', 'delete-marker', 'archived', 'sse-c', 'access-denied', 'invalid'] as const;

/** What S3 may refuse because of the ACL alone. */
const ACL_REFUSED = ['access-denied', 'acls-disabled', 'unknown-grantee'] as const;

/** Writes single versions and delete markers to the destination, and checks what S3 made of them. */
export class VersionWriter {
  private readonly copier: ServerCopy;

  constructor(
    private readonly ports: RestorePorts,
    private readonly job: RestoreJob,
    private readonly bodies: RestoreBodies,
    private readonly proof: CopyProof,
  ) {
    this.copier = new ServerCopy(ports.destination, ports.settings.copyPartSize, ports.deadline);
  }

  async write(key: string, op: RestoreOp, condition: WriteCondition, begun?: OpenUpload): Promise<WriteOutcome> {
    const target = { bucket: this.job.destination.bucket, key };
    try {
      const outcome =
        op.kind === 'marker' ? await this.mark(target, condition) : await this.writeBody(target, op, condition, begun);
      refuseUnversioned(outcome, target);
      return outcome;
    } catch (error) {
      if (isStoreError(error, 'precondition-failed')) return { kind: 'conflict' };
      if (error instanceof Unanswered) return { kind: 'unsure', error: error.failure };
      if (isStoreError(error, 'no-such-upload')) return { kind: 'no-upload' };
      if (isStoreError(error, 'access-denied')) return { kind: 'failed', reason: 'access-denied' };
      if (isStoreError(error, 'bad-digest')) return { kind: 'failed', reason: 'damaged' };
      if (isStoreError(error, 'invalid', 'key-too-long')) return { kind: 'failed', reason: 'invalid' };
      if (isStoreError(error, 'not-found', 'delete-marker')) return { kind: 'failed', reason: 'missing' };
      if (isStoreError(error, 'archived')) return { kind: 'failed', reason: 'archived' };
      if (isStoreError(error, 'sse-c')) return { kind: 'failed', reason: 'sse-c' };
      throw error;
    }
  }

  private async mark(target: Target, condition: WriteCondition): Promise<WriteOutcome> {
    // S3 cannot make a delete conditional on there being no object: ask first.
    if (condition.ifAbsent && (await headEtag(this.ports.destination, target.bucket, target.key)) !== undefined)
      return { kind: 'conflict' };
    const { ifMatch } = condition;
    const { versionId } = await answered(this.ports.destination.addMarker({ ...target, ifMatch }));
    return { kind: 'marked', versionId };
  }

  private async writeBody(
    target: Target,
    op: BodyOp,
    condition: WriteCondition,
    begun: OpenUpload | undefined,
  ): Promise<WriteOutcome> {
    const write: Write = async (acl, upload) => {
      const properties = this.properties(op, acl);
      const kept = await this.bodies.inBucket(op);
      if (kept) return this.copyFrom(kept, target, asCopy(op), properties, condition, upload);
      return op.kind === 'put'
        ? this.put(target, op, properties, condition)
        : fromVault(op, await this.copy(target, op, properties, condition, upload));
    };
    if (begun?.fromVault) this.bodies.forgo(op);
    try {
      return await writeWithAcl(op, write, begun);
    } catch (error) {
      const isRefused = isStoreError(error, ...REFUSED);
      if (!isRefused || !(await this.bodies.inBucket(op)) || !this.bodies.forgo(op)) throw error;
      // An upload that was begun is aborted by now: that from the vault is another one.
      return writeWithAcl(op, write, undefined);
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
    const checksum = valued(wantedChecksum(op, false), body);
    const put = this.ports.destination.put({ ...target, body, checksum, ...properties, ...condition });
    const written = await (condition.ifAbsent ? put : answered(put));
    const { versionId, etag } = written;
    return this.withRest(target, written, { kind: 'restored', versionId, etag, read: false });
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
    const checksum = this.checksumOf(op, begun);
    const copy = this.copier.copy({
      ...target,
      source,
      size: op.size,
      properties,
      condition,
      checksum,
      begun: begun?.uploadId,
    });
    const copied = await (condition.ifAbsent ? copy : answered(copy));
    if (!copied.done)
      return { kind: 'unfinished', upload: { uploadId: copied.uploadId, checksum: checksum.algorithm } };
    return this.withRest(target, copied.written, await this.verified(target, op, copied.written));
  }

  /** An upload that was begun keeps to its algorithm: an earlier release may have chosen another one. */
  private checksumOf(op: CopyOp, begun: OpenUpload | undefined): WantedChecksum {
    const wanted = wantedChecksum(op, !isSingleCopy(op.size, this.ports.settings.copyPartSize));
    const { checksum: algorithm = 'CRC64NVME' } = begun ?? { checksum: wanted.algorithm };
    return algorithm === wanted.algorithm ? wanted : { algorithm };
  }

  /** The second line behind the check of the source. A copy that is not proved right does not stay current. */
  private async verified(target: Target, op: CopyOp, written: Written): Promise<OpOutcome> {
    const { versionId, etag } = written;
    const proof = await this.proof.compare({ ...target, versionId }, op, written);
    if (proof === 'right') return { kind: 'restored', versionId, etag, read: false };
    if (proof === 'right-by-reading') return { kind: 'restored', versionId, etag, read: true };
    if (proof === 'not-compared') return { kind: 'restored', versionId, etag, read: false, uncompared: true };
    return withdraw(this.ports.destination, target, written, proof);
  }

  /** An object without its tags would pass for a restored one: a later run would leave it as it is. One without its ACL is said. */
  private async withRest(target: Target, written: Written, outcome: OpOutcome): Promise<OpOutcome> {
    const { tagsRefused, aclRefused } = written;
    const refused = tagsRefused ?? aclRefused;
    if (refused === undefined || outcome.kind !== 'restored') return outcome;
    // The attempt that follows finds the object, and writes the rest.
    if (isPassing(refused)) throw new StoreError(refused, `cannot write tags or ACL of ${target.key}`);
    if (tagsRefused === undefined) return { ...outcome, withoutAcl: true };
    return withdraw(this.ports.destination, target, written, 'tags-not-written');
  }

  private properties(op: BodyOp, acl: string | undefined): ObjectProperties {
    const { encryption } = this.job;
    const properties = bodyProperties({ ...op, acl });
    return { ...properties, encryption: encryption.type === 'DESTINATION_DEFAULT' ? undefined : encryption };
  }
}

/** Only CRC-64/NVME is computed here: of a body whose original had a checksum of its parts. */
const valued = ({ algorithm, value }: WantedChecksum, body: Uint8Array): Checksum | undefined => {
  if (value !== undefined) return { algorithm, value };
  return algorithm === 'CRC64NVME' ? { algorithm, value: new Crc64Nvme().update(body).digest() } : undefined;
};

/** No answer came to a write itself. What follows a write may fail in the same way, and says nothing of it. */
class Unanswered extends Error {
  constructor(readonly failure: StoreError) {
    super(failure.message, { cause: failure });
  }
}

/** A second attempt at a write where nothing was finds the first; others may be done twice. */
async function answered<T>(write: Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    throw isStoreError(error, 'unavailable') ? new Unanswered(error) : error;
  }
}

/**
 * Somebody has suspended versioning since the plan: what is written has taken the place of the null version, if there was one. That is so
 * too of what was written and withdrawn.
 */
function refuseUnversioned(outcome: WriteOutcome, { bucket, key }: Target): void {
  const written = outcome.kind === 'failed' ? outcome.wrong : outcome;
  if (!written || !('versionId' in written)) return;
  if ((written.versionId ?? NULL_VERSION) !== NULL_VERSION) return;
  throw new BackupError(
    ErrorName.destinationNotVersioned,
    `versioning of bucket "${bucket}" was turned off while the job ran, so the job stopped writing. If ${JSON.stringify(key)} had a null version, it was replaced: turn versioning on, and restore again`,
  );
}

async function writeWithAcl(op: BodyOp, write: Write, begun: OpenUpload | undefined): Promise<WriteOutcome> {
  if (begun?.withoutAcl) return withoutAcl(await write(undefined, begun));
  try {
    return await write(op.acl, begun);
  } catch (error) {
    if (op.acl === undefined || !isStoreError(error, ...ACL_REFUSED)) throw error;
    // Blocked public access, disabled ACLs and an account that is closed refuse the grants, not the object.
    return withoutAcl(await write(undefined, begun));
  }
}

/** The next turn must not look in the bucket again: its parts would be those of another source. */
const fromVault = (op: BodyOp, outcome: WriteOutcome): WriteOutcome =>
  outcome.kind === 'unfinished' && op.inBucket
    ? { ...outcome, upload: { ...outcome.upload, fromVault: true } }
    : outcome;

function withoutAcl(outcome: WriteOutcome): WriteOutcome {
  if (outcome.kind === 'restored') return { ...outcome, withoutAcl: true };
  return outcome.kind === 'unfinished' ? { ...outcome, upload: { ...outcome.upload, withoutAcl: true } } : outcome;
}
