import { agrees, isComposite, isUploadChecksum } from '../../../core/objects/checksums';
import type { Checksum } from '../../../core/objects/properties';
import { knownChecksums, recorded, wantedChecksum } from '../../../core/restore/checksums';
import type { CopyOp, PutOp } from '../../../core/restore/outcome';
import { isStoreError, ObjectRef, ObjectStore, Written } from '../../../ports/object-store';
import { hashByReading, isReadable } from '../../versions/checksums';
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
  !isComposite(checksum) && (isUploadChecksum(checksum.algorithm) || isSingleCopy(size, copyPartSize));

/** Tells whether objects of the destination have the bytes that they should have. */
export class CopyProof {
  constructor(
    private readonly destination: ObjectStore,
    private readonly bucket: string,
    private readonly copyPartSize: number,
  ) {}

  /** Checksums that the body must have; none where nothing is recorded, and the body is too large to be read for it. */
  async wanted(op: CopyOp | PutOp): Promise<readonly Checksum[]> {
    const known = knownChecksums(op);
    if (known.length > 0 || !op.inBucket || !isSingleCopy(op.size, this.copyPartSize)) return known;
    const { key, versionId } = op.inBucket;
    const { algorithm } = wantedChecksum(op, false);
    const source = { bucket: this.bucket, key, versionId };
    return [await hashByReading(this.destination, source, op.size, isReadable(algorithm) ? algorithm : 'SHA256')];
  }

  /** A copy is checked by S3's checksum of it; where S3 gives none of a kind that is known, it is read and hashed. */
  async compare(ref: ObjectRef, op: CopyOp, written: Written): Promise<Proof> {
    try {
      const wanted = await this.wanted(op);
      if (wanted.length === 0) return 'not-compared';
      const isRight = agrees(wanted, written.checksum) ?? agrees(wanted, (await this.destination.head(ref)).checksum);
      if (isRight === false) return 'damaged';
      if (isRight) return knownChecksums(op).length > 0 ? 'right' : 'right-by-reading';
      const isSame = await this.readAndCompare(ref, op, wanted);
      return isSame === undefined ? 'not-verifiable' : isSame ? 'right-by-reading' : 'damaged';
    } catch (error) {
      if (isStoreError(error, 'access-denied', 'not-found')) return 'not-verifiable';
      throw error;
    }
  }

  /** Whether an object has the bytes, by reading it; undefined when no checksum is known that can be computed here. */
  async readAndCompare(
    ref: ObjectRef,
    { size }: CopyOp | PutOp,
    wanted: readonly Checksum[],
  ): Promise<boolean | undefined> {
    const known = wanted.find(({ algorithm }) => algorithm === 'SHA256') ?? this.smallReadable(size, wanted);
    if (!known || !isReadable(known.algorithm)) return undefined;
    return agrees([known], await hashByReading(this.destination, ref, size, known.algorithm));
  }

  private smallReadable(size: number, wanted: readonly Checksum[]): Checksum | undefined {
    return isSingleCopy(size, this.copyPartSize) ? wanted.find(({ algorithm }) => isReadable(algorithm)) : undefined;
  }

  /** Whether two versions of the bucket have the same bytes. */
  async isSame(a: CopyOp, b: CopyOp): Promise<boolean> {
    if (a.size !== b.size) return false;
    if (recorded(a)?.algorithm === recorded(b)?.algorithm && recorded(a)) return a.file.checksum === b.file.checksum;
    const unknown = (op: CopyOp): CopyOp => ({ ...op, checksum: undefined, file: { ...op.file, checksum: '' } });
    const [one] = await this.wanted(unknown(a));
    const [other] = await this.wanted(unknown(b));
    return one !== undefined && one.value === other?.value;
  }
}
