import type { Checksum } from '../../../core/objects/properties';
import type { CopyOp, PutOp } from '../../../core/restore/outcome';
import { isStoreError, ObjectRef, ObjectStore, Written } from '../../../ports/object-store';
import { checksumText, hashByReading } from '../../versions/checksums';
import { isSingleCopy } from '../../versions/server-copy';

export type Proof =
  | 'right'
  | 'right-by-reading'
  /** S3 made the copy within the bucket, and has no checksum of the original that the copy could be compared with. */
  | 'not-compared'
  | 'damaged'
  | 'not-verifiable';

/** Whether S3 computes the same checksum of a copy: one of the parts of an upload is another one after the copy. */
export const isComparable = (checksum: Checksum, size: number, copyPartSize: number): boolean =>
  !checksum.value.includes('-') && (checksum.algorithm === 'CRC64NVME' || isSingleCopy(size, copyPartSize));

/** The checksum of the vault's file, as it was recorded at the backup; or that of a version of the bucket, if it is comparable. */
export function recorded(op: CopyOp): Checksum | undefined {
  const split = op.file.checksum.indexOf(':');
  if (split < 0) return undefined;
  return {
    algorithm: op.file.checksum.slice(0, split) as Checksum['algorithm'],
    value: op.file.checksum.slice(split + 1),
  };
}

/** Tells whether objects of the destination have the bytes that they should have. */
export class CopyProof {
  constructor(
    private readonly destination: ObjectStore,
    private readonly bucket: string,
    private readonly copyPartSize: number,
  ) {}

  /** The checksum that the body must have; undefined where there is none, and the body is too large to be read for it. */
  async wanted(op: CopyOp | PutOp): Promise<string | undefined> {
    if (op.kind === 'put') return `SHA256:${Buffer.from(op.sha256, 'hex').toString('base64')}`;
    if (op.file.checksum !== '') return op.file.checksum;
    if (!op.inBucket || !isSingleCopy(op.size, this.copyPartSize)) return undefined;
    const { key, versionId } = op.inBucket;
    return hashByReading(this.destination, { bucket: this.bucket, key, versionId }, op.size);
  }

  /** A copy is checked by S3's checksum of it; where S3 gives none of the recorded kind, it is read and hashed. */
  async compare(ref: ObjectRef, op: CopyOp, written: Written): Promise<Proof> {
    try {
      const wanted = await this.wanted(op);
      if (wanted === undefined) return 'not-compared';
      const isOf = (checksum: Checksum | undefined): checksum is Checksum =>
        checksum !== undefined && wanted.startsWith(`${checksum.algorithm}:`);
      const known = isOf(written.checksum) ? written.checksum : (await this.destination.head(ref)).checksum;
      if (isOf(known) && checksumText(known) !== wanted) return 'damaged';
      if (isOf(known)) return op.file.checksum === '' ? 'right-by-reading' : 'right';
      if (!wanted.startsWith('SHA256:')) return 'not-verifiable';
      return (await hashByReading(this.destination, ref, op.size)) === wanted ? 'right-by-reading' : 'damaged';
    } catch (error) {
      if (isStoreError(error, 'access-denied', 'not-found')) return 'not-verifiable';
      throw error;
    }
  }

  /** Whether two versions of the bucket have the same bytes. */
  async isSame(a: CopyOp, b: CopyOp): Promise<boolean> {
    if (a.size !== b.size) return false;
    if (recorded(a)?.algorithm === recorded(b)?.algorithm && recorded(a)) return a.file.checksum === b.file.checksum;
    const unknown = (op: CopyOp): CopyOp => ({ ...op, file: { ...op.file, checksum: '' } });
    const wanted = await this.wanted(unknown(a));
    return wanted !== undefined && wanted === (await this.wanted(unknown(b)));
  }
}
