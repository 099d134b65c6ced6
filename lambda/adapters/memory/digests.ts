import { createHash } from 'node:crypto';
import { Crc64Nvme } from '../../core/values/crc64nvme';
import type { Checksum } from '../../ports/object-store';

/** Checksums that the model can compute; S3's default for an object without one is CRC64NVME. */
export type ModelledChecksum = Extract<Checksum['algorithm'], 'SHA256' | 'SHA1' | 'CRC64NVME'>;

/** Bodies are never changed in place, so many objects may share one and its digests. */
const known = new WeakMap<Uint8Array, Map<string, string>>();

export const md5Hex = (body: Uint8Array): string =>
  digest(body, 'md5', () => createHash('md5').update(body).digest('hex'));

export const checksumOf = (body: Uint8Array, algorithm: ModelledChecksum): Checksum => ({
  algorithm,
  value: digest(body, algorithm, () =>
    algorithm === 'CRC64NVME'
      ? new Crc64Nvme().update(body).digest()
      : createHash(algorithm.toLowerCase()).update(body).digest('base64'),
  ),
});

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
