import { checksumFrom, isComposite, isUploadChecksum, sha256Checksum, type WantedChecksum } from '../objects/checksums';
import type { Checksum } from '../objects/properties';
import type { CopyOp, PutOp } from './outcome';

type BodyOp = PutOp | CopyOp;

/** That of the packed body, or of the vault's file; of an undo that of the bucket's version, if the copy will have one like it. */
export const recorded = (op: BodyOp): Checksum | undefined =>
  op.kind === 'put' ? sha256Checksum(op.sha256) : checksumFrom(op.file.checksum);

/** All that is known of the body as a whole: S3's checksum of the original too. */
export const knownChecksums = (op: BodyOp): readonly Checksum[] =>
  [checksumFrom(op.checksum), recorded(op)].filter((known) => known !== undefined && !isComposite(known)) as Checksum[];

/**
 * The checksum that a restored object gets: the original's, if it was of the full object. One of the parts of an upload becomes CRC-64/NVME of
 * the full object, and so does what a copy by parts cannot have; a copy that could not be compared then has the vault's.
 */
export function wantedChecksum(op: BodyOp, byParts: boolean): WantedChecksum {
  const original = checksumFrom(op.checksum);
  const composite = original !== undefined && isComposite(original);
  if (original && !composite && (!byParts || isUploadChecksum(original.algorithm))) return original;
  if (byParts)
    return knownChecksums(op).find(({ algorithm }) => algorithm === 'CRC64NVME') ?? { algorithm: 'CRC64NVME' };
  const own = recorded(op);
  if (own && !isComposite(own) && !(composite && op.kind === 'put')) return own;
  return { algorithm: composite ? 'CRC64NVME' : 'SHA256' };
}
