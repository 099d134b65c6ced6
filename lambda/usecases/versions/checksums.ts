import { createHash } from 'node:crypto';
import type { Checksum } from '../../core/objects/properties';
import type { ObjectRef, ObjectStore } from '../../ports/object-store';

const CHUNK_BYTES = 64 * 1024 * 1024;

/** `<algorithm>:<value>`, as the vault's file tables have it. */
export const checksumText = (checksum: Checksum): string => `${checksum.algorithm}:${checksum.value}`;

/** Where S3 gives no checksum of its own, an object is read and hashed. */
export async function hashByReading(store: ObjectStore, ref: ObjectRef, size: number): Promise<string> {
  const hash = createHash('sha256');
  for (let offset = 0; offset < size; offset += CHUNK_BYTES) {
    const range = { offset, length: Math.min(CHUNK_BYTES, size - offset) };
    hash.update((await store.get({ ...ref, range })).body);
  }
  return `SHA256:${hash.digest('base64')}`;
}
