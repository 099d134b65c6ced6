import { createHash } from 'node:crypto';
import type { Checksum, ChecksumAlgorithm } from '../../core/objects/properties';
import { Crc64Nvme } from '../../core/values/crc64nvme';
import type { ObjectRef, ObjectStore } from '../../ports/object-store';

const CHUNK_BYTES = 64 * 1024 * 1024;

/** Algorithms that are computed here where S3 has to be checked by reading. */
type Readable = Extract<ChecksumAlgorithm, 'SHA256' | 'CRC64NVME'>;
export const isReadable = (algorithm: ChecksumAlgorithm): algorithm is Readable =>
  algorithm === 'SHA256' || algorithm === 'CRC64NVME';

/** Where S3 gives no checksum of its own, an object is read and hashed. */
export async function hashByReading(
  store: ObjectStore,
  ref: ObjectRef,
  size: number,
  algorithm: Readable = 'SHA256',
): Promise<Checksum> {
  const hash = algorithm === 'SHA256' ? createHash('sha256') : new Crc64Nvme();
  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const range = { offset, length: Math.min(CHUNK_BYTES, size - offset) };
    hash.update((await store.get({ ...ref, range })).body);
  }
  return { algorithm, value: hash instanceof Crc64Nvme ? hash.digest() : hash.digest('base64') };
}
