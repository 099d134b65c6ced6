import type { Checksum } from '../core/object-properties';
import type { CopyOp, FailureReason, PutOp } from '../core/restore-outcome';
import type { RestoreOp } from '../core/restore-plan';
import { isStoreError, ObjectHead, ReadOptions } from '../ports/object-store';
import { checksumText } from './checksums';
import { BodyMap, readBody } from './pack-bodies';
import type { Vault } from './vault';

/** A body of the vault that may be copied: exactly the version that was looked at, so nothing can change in between. */
type CopySource = { readonly source: ReadOptions } | { readonly reason: FailureReason };

/** Bodies in the vault, each proved to be the recorded one before anything is written. */
export class RestoreBodies {
  private readonly sources = new Map<CopyOp, Promise<CopySource>>();

  constructor(
    private readonly vault: Vault,
    /** Packed bodies that were read ahead. */
    private readonly read: BodyMap,
  ) {}

  /** Why the body of a write is not to be had; undefined when it is. Delete markers have none. */
  async problem(op: RestoreOp): Promise<FailureReason | undefined> {
    if (op.kind === 'marker') return undefined;
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
    const other = checksum?.algorithm === recorded(op).algorithm && checksumText(checksum) !== op.file.checksum;
    if (head.size !== op.size || other) return { reason: 'damaged' };
    return { source: { bucket: this.vault.bucket, key: op.file.name, versionId, ifMatch: etag } };
  }
}

/** The checksum of the vault's file, as it was recorded at the backup. */
export function recorded(op: CopyOp): Checksum {
  const split = op.file.checksum.indexOf(':');
  return {
    algorithm: op.file.checksum.slice(0, split) as Checksum['algorithm'],
    value: op.file.checksum.slice(split + 1),
  };
}
