import { createHash } from 'node:crypto';
import { Crc64Nvme } from '../../core/values/crc64nvme';
import type { Checksum, ChecksumAlgorithm } from '../../ports/object-store';

/** Checksums that the model can compute; S3's default for an object without one is CRC64NVME. */
const DIGESTS = {
  CRC32: (body: Uint8Array) => crc32(body, 0xedb88320),
  CRC32C: (body: Uint8Array) => crc32(body, 0x82f63b78),
  CRC64NVME: (body: Uint8Array) => new Crc64Nvme().update(body).digest(),
  MD5: (body: Uint8Array) => createHash('md5').update(body).digest('base64'),
  SHA1: (body: Uint8Array) => createHash('sha1').update(body).digest('base64'),
  SHA256: (body: Uint8Array) => createHash('sha256').update(body).digest('base64'),
  SHA512: (body: Uint8Array) => createHash('sha512').update(body).digest('base64'),
} as const;
export type ModelledChecksum = keyof typeof DIGESTS;

export function modelled(algorithm: ChecksumAlgorithm): ModelledChecksum {
  if (algorithm in DIGESTS) return algorithm as ModelledChecksum;
  throw new Error(`the model cannot compute ${algorithm}`);
}

/** Bodies are never changed in place, so many objects may share one and its digests. */
const known = new WeakMap<Uint8Array, Map<string, string>>();

export const md5Hex = (body: Uint8Array): string =>
  digest(body, 'md5', () => createHash('md5').update(body).digest('hex'));

export const checksumOf = (body: Uint8Array, algorithm: ModelledChecksum): Checksum => ({
  algorithm,
  value: digest(body, algorithm, () => DIGESTS[algorithm](body)),
});

/** The checksum of an upload by parts, as S3 has it unless it was asked for one of the full object. */
export function compositeOf(body: Uint8Array, algorithm: ModelledChecksum, sizes: readonly number[]): Checksum {
  let offset = 0;
  const parts = sizes.map((size) => body.subarray(offset, (offset += size)));
  const values = parts.map((part) => Buffer.from(DIGESTS[algorithm](part), 'base64'));
  return { algorithm, value: `${DIGESTS[algorithm](Buffer.concat(values))}-${String(parts.length)}` };
}

/** ETag of a multipart object: MD5 over the MD5s of its parts, and their number. */
export function multipartEtag(partEtags: readonly string[]): string {
  const hash = createHash('md5');
  for (const etag of partEtags) hash.update(Buffer.from(etag, 'hex'));
  return `${hash.digest('hex')}-${String(partEtags.length)}`;
}

function digest(body: Uint8Array, name: string, compute: () => string): string {
  let digests = known.get(body);
  if (!digests) known.set(body, (digests = new Map<string, string>()));
  let value = digests.get(name);
  if (value === undefined) digests.set(name, (value = compute()));
  return value;
}

/** By a reflected polynomial, as S3 writes it: base64 of the four bytes, most significant first. */
function crc32(body: Uint8Array, polynomial: number): string {
  let crc = 0xffffffff;
  for (const byte of body) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
  }
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(~crc >>> 0);
  return bytes.toString('base64');
}
