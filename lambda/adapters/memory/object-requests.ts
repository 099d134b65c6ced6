import { createHash } from 'node:crypto';
import { keyBytes } from '../../core/keys/order';
import { HEADER_ROOM, headerBytes } from '../../core/objects/request-headers';
import { percentEncode } from '../../core/objects/tagging-header';
import {
  type Acl,
  type Grant,
  type ObjectHead,
  type ObjectProperties,
  type ObjectRef,
  StoreError,
  type Tags,
  type WriteCondition,
} from '../../ports/object-store';
import { md5Hex } from './digests';
import type { MemoryBucket } from './memory-bucket';
import type { MemoryVersion } from './memory-version';

/** What S3 checks and answers for one object, whoever asks. */

const MAX_KEY_BYTES = 1024;
const MAX_TAGS = 10;
const DEFAULT_CONTENT_TYPE = 'binary/octet-stream';

export const nameOf = (ref: ObjectRef): string =>
  `${ref.bucket}/${ref.key}${ref.versionId === undefined ? '' : `?versionId=${ref.versionId}`}`;

export function checkKey(key: string): void {
  const bytes = keyBytes(key);
  if (bytes > MAX_KEY_BYTES) {
    throw new StoreError('key-too-long', `a key has at most ${String(MAX_KEY_BYTES)} bytes, got ${String(bytes)}`);
  }
}

/** The version that a read means; delete markers and missing ones are errors. Who may not read a marker, is not told that it is one. */
export function resolve(bucket: MemoryBucket, ref: ObjectRef): MemoryVersion {
  checkKey(ref.key);
  const version = ref.versionId === undefined ? bucket.current(ref.key) : bucket.version(ref.key, ref.versionId);
  if (!version) throw new StoreError('not-found', `no such object: ${nameOf(ref)}`);
  if (version.refusedBy === 'policy') throw new StoreError('access-denied', `refused by a policy: ${nameOf(ref)}`);
  if (version.isMarker) {
    const lastModified = ref.versionId === undefined ? undefined : version.lastModified;
    throw new StoreError('delete-marker', `a delete marker: ${nameOf(ref)}`, { lastModified });
  }
  return version;
}

/** The same for reads of headers and body: SSE-C and ETag conditions count. */
export function resolveReadable(bucket: MemoryBucket, ref: ObjectRef & { ifMatch?: string }): MemoryVersion {
  const version = resolve(bucket, ref);
  if (ref.ifMatch !== undefined && ref.ifMatch !== version.etag) {
    throw new StoreError('precondition-failed', `the ETag of ${nameOf(ref)} is not ${ref.ifMatch}`);
  }
  if (version.refusedBy) throw new StoreError('access-denied', `refused by the ${version.refusedBy}: ${nameOf(ref)}`);
  if (version.sseC) throw new StoreError('sse-c', `stored with a customer's key: ${nameOf(ref)}`);
  return version;
}

/** The same for reads of the body. */
export function resolveBody(bucket: MemoryBucket, ref: ObjectRef & { ifMatch?: string }): MemoryVersion {
  const version = resolveReadable(bucket, ref);
  if (version.archived) throw new StoreError('archived', `needs a restore first: ${nameOf(ref)}`);
  return version;
}

export const headOf = (bucket: MemoryBucket, version: MemoryVersion, now: number): ObjectHead => ({
  versionId: bucket.versioning === 'Disabled' ? undefined : version.versionId,
  etag: version.etag,
  size: version.size,
  lastModified: version.lastModified,
  storageClass: version.storageClass,
  headers: { 'content-type': DEFAULT_CONTENT_TYPE, ...version.headers },
  userMetadata: version.userMetadata,
  missingMetadata: version.missingMetadata,
  tagCount: Object.keys(version.tags).length,
  checksum: version.checksum,
  date: Math.floor(now),
});

export const ownerOf = (account: string): string => createHash('sha256').update(account).digest('hex');

export function aclOf(bucket: MemoryBucket, version: MemoryVersion): Acl {
  const owner = ownerOf(bucket.account);
  const enforced = bucket.ownership === 'BucketOwnerEnforced';
  return (
    (enforced ? undefined : version.acl) ?? { owner, grants: [{ grantee: { id: owner }, permission: 'FULL_CONTROL' }] }
  );
}

export function checkCondition(bucket: MemoryBucket, key: string, condition: WriteCondition): void {
  const current = bucket.current(key);
  const etag = current?.isMarker === false ? current.etag : undefined;
  const failed =
    (condition.ifAbsent === true && etag !== undefined) ||
    (condition.ifMatch !== undefined && condition.ifMatch !== etag);
  if (failed) throw new StoreError('precondition-failed', `at least one condition did not hold: ${bucket.name}/${key}`);
}

export function checkProperties(bucket: MemoryBucket, properties: ObjectProperties, others = 0): void {
  if (headerBytes(properties) + others > HEADER_ROOM)
    throw new StoreError(
      'invalid',
      'RequestHeaderSectionTooLarge: the request header section exceeds its largest size',
    );
  if (properties.grants?.length && bucket.ownership === 'BucketOwnerEnforced') {
    throw new StoreError('acls-disabled', `the bucket does not allow ACLs: ${bucket.name}`);
  }
  if (properties.grants?.some(({ grantee }) => 'id' in grantee && bucket.closedAccounts.has(grantee.id)))
    throw new StoreError('unknown-grantee', 'Invalid id');
  if (properties.grants?.some(({ permission }) => permission === 'WRITE'))
    throw new StoreError('invalid', 'S3 has no grant header for WRITE, which has no effect on an object');
  checkTags(properties.tags);
}

/** Bytes of the header that names the source of a copy. */
export const sourceBytes = ({ bucket, key, versionId = '' }: ObjectRef): number =>
  `${bucket}/${percentEncode(key)}?versionId=${versionId}`.length;

export function checkTags(all: Tags = {}): void {
  const tags = Object.keys(all).length;
  if (tags > MAX_TAGS)
    throw new StoreError('invalid', `an object has at most ${String(MAX_TAGS)} tags, got ${String(tags)}`);
}

/** Explicit grants replace the default one: the owner has full control only if they say so. */
export const aclFor = (bucket: MemoryBucket, grants: readonly Grant[] | undefined): Acl | undefined =>
  grants?.length ? { owner: ownerOf(bucket.account), grants } : undefined;

/** MD5 of the body, but for objects under a KMS key: theirs is opaque. */
export function etagFor(
  bucket: MemoryBucket,
  body: Uint8Array,
  salt: string,
  properties: ObjectProperties = {},
): string {
  const encryption = properties.encryption ?? bucket.encryption;
  if (encryption.type === 'SSE_S3') return md5Hex(body);
  return createHash('md5').update(md5Hex(body)).update(salt).digest('hex');
}
