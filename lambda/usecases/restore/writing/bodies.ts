import { agrees, checksumText, sha256Checksum } from '../../../core/objects/checksums';
import type { RestoreOp } from '../../../core/restore/actions';
import { recorded } from '../../../core/restore/checksums';
import type { RestoreJob } from '../../../core/restore/job';
import type { CopyOp, FailureReason, PutOp } from '../../../core/restore/outcome';
import { isStoreError, ObjectHead, ReadOptions } from '../../../ports/object-store';
import type { RestorePorts } from '../../context';
import type { Vault } from '../../vault/vault';
import { BodyMap, readBody } from './pack-bodies';

/** A body of the vault that may be copied: exactly the version that was looked at, so nothing can change in between. */
type CopySource = { readonly source: ReadOptions } | { readonly reason: FailureReason };

/** Bodies in the vault, each proved to be the recorded one before anything is written. */
export class RestoreBodies {
  private readonly sources = new Map<CopyOp, Promise<CopySource>>();
  private readonly kept = new Map<BodyOp, Promise<ReadOptions | undefined>>();
  private readonly vault: Vault;

  constructor(
    private readonly ports: Pick<RestorePorts, 'vault' | 'destination'>,
    private readonly job: RestoreJob,
    /** Packed bodies that were read ahead. */
    private readonly read: BodyMap,
  ) {
    this.vault = ports.vault;
  }

  /** The version in the destination bucket itself, if it is there to be copied. Its ID says that it is the one that was backed up. */
  inBucket(op: BodyOp): Promise<ReadOptions | undefined> {
    const known = this.kept.get(op);
    if (known) return known;
    const looked = this.lookInBucket(op);
    this.kept.set(op, looked);
    return looked;
  }

  /** S3 does not copy it after all: the vault has it too. False when the vault has none of it. */
  forgo(op: BodyOp): boolean {
    this.kept.set(op, Promise.resolve(undefined));
    return op.file.name !== '';
  }

  private async lookInBucket(op: BodyOp): Promise<ReadOptions | undefined> {
    if (!op.inBucket) return undefined;
    const { key, versionId, etag } = op.inBucket;
    const source = { bucket: this.job.destination.bucket, key, versionId, ifMatch: etag };
    try {
      const head = await this.ports.destination.head(source);
      return head.size === op.size ? source : undefined;
    } catch (error) {
      if (isStoreError(error, 'not-found', 'delete-marker', 'precondition-failed', 'access-denied', 'sse-c', 'invalid'))
        return undefined;
      throw error;
    }
  }

  /** Why the body of a write is not to be had; undefined when it is. Delete markers have none. */
  async problem(op: RestoreOp): Promise<FailureReason | undefined> {
    if (op.kind === 'marker') return undefined;
    if (await this.inBucket(op)) return undefined;
    if (op.file.name === '') return 'missing';
    if (op.kind === 'put') return (await this.packed(op)) ? undefined : 'damaged';
    const found = await this.source(op);
    return 'reason' in found ? found.reason : undefined;
  }

  /** A packed body; undefined when it is damaged. Those of a key with very many versions are not all read ahead. */
  async packed(op: PutOp): Promise<Uint8Array | undefined> {
    return this.read.get(op) ?? (await readBody(this.vault, op));
  }

  /** Where to copy a large body from: the recorded version, else the current one of that name. */
  source(op: CopyOp): Promise<CopySource> {
    const known = this.sources.get(op);
    if (known) return known;
    const looked = this.look(op);
    this.sources.set(op, looked);
    return looked;
  }

  /** S3's own checksum of the vault's object tells a replaced one; S3 itself sees to it that bytes and checksum agree. */
  private async look(op: CopyOp): Promise<CopySource> {
    let head: ObjectHead | undefined;
    try {
      head = await this.vault.head(op.file);
    } catch (error) {
      if (isStoreError(error, 'access-denied')) return { reason: 'access-denied' };
      throw error;
    }
    if (!head) return { reason: 'missing' };
    const { checksum, versionId, etag } = head;
    const known = recorded(op);
    if (head.size !== op.size || (known && agrees([known], checksum) === false)) return { reason: 'damaged' };
    return { source: { bucket: this.vault.bucket, key: op.file.name, versionId, ifMatch: etag } };
  }
}

type BodyOp = PutOp | CopyOp;

/** A packed body as one to copy. */
export const asCopy = (op: BodyOp): CopyOp => {
  if (op.kind === 'copy') return op;
  const { versionId, size, inBucket, checksum, headers, userMetadata, tags, acl, storageClass, sha256 } = op;
  const properties = { checksum, headers, userMetadata, tags, acl, storageClass };
  const file = { ...op.file, checksum: checksumText(sha256Checksum(sha256)) };
  return { kind: 'copy', versionId, size, inBucket, ...properties, file };
};
