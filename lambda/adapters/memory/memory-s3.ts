import { type Acl, type Grant, type Headers, StoreError, type Tags, type UserMetadata } from '../../ports/object-store';
import { md5Hex, type ModelledChecksum, multipartEtag } from './digests';
import { MemoryBucket, type MemoryBucketOptions } from './memory-bucket';
import { MemoryUploads } from './memory-uploads';
import { MemoryVersion, type VersionFields } from './memory-version';
import { aclFor, etagFor, ownerOf } from './object-requests';

const FIRST_SECOND = 1_750_000_000;
const DEFAULT_ACCOUNT = '111111111111';
/** Odd, so that it maps version numbers one to one onto texts in no visible order: version IDs tell nothing of time. */
const SCRAMBLE = 0x9e3779b1;
/** As long as S3's own. */
const VERSION_ID_LENGTH = 32;

export interface MemoryS3Options {
  /** Epoch seconds that the clock starts at. */
  readonly now?: number;
  readonly account?: string;
  readonly region?: string;
}

/** What a client writes besides the body. */
export interface ClientPut {
  /** Epoch seconds of the write; the clock goes on to it. @default now */
  readonly at?: number;
  /** A replica, which arrives now: it has the date and the version ID that it has elsewhere. */
  readonly replicaOf?: { readonly versionId: string; readonly lastModified: number };
  readonly headers?: Headers;
  readonly userMetadata?: UserMetadata;
  readonly missingMetadata?: number;
  readonly tags?: Tags;
  readonly grants?: readonly Grant[];
  /** The whole ACL, with a foreign owner for instance. */
  readonly acl?: Acl;
  readonly storageClass?: string;
  readonly archived?: boolean;
  readonly sseC?: boolean;
  readonly checksum?: ModelledChecksum | 'none';
  /** Uploads it in parts of these sizes. */
  readonly parts?: readonly number[];
  readonly etag?: string;
}

/**
 * Amazon S3 in memory, for tests: buckets, versions and a clock that stands still unless told otherwise. The methods are
 * a client that may do anything; use cases get at the same objects through a MemoryObjectStore.
 */
export class MemoryS3 {
  /** Epoch seconds, with fractions if you like: S3 cuts them. */
  now: number;
  readonly account: string;
  readonly region: string;
  readonly uploads = new MemoryUploads();
  private readonly buckets = new Map<string, MemoryBucket>();
  private writes = 0;

  constructor(options: MemoryS3Options = {}) {
    this.now = options.now ?? FIRST_SECOND;
    this.account = options.account ?? DEFAULT_ACCOUNT;
    this.region = options.region ?? 'us-east-1';
  }

  /** Canonical ID of the account that owns the buckets. */
  get owner(): string {
    return ownerOf(this.account);
  }

  advance(seconds: number): void {
    this.now += seconds;
  }

  createBucket(name: string, options: MemoryBucketOptions = {}): MemoryBucket {
    const bucket = new MemoryBucket(name, { region: this.region, account: this.account, ...options });
    this.buckets.set(name, bucket);
    return bucket;
  }

  deleteBucket(name: string): void {
    this.buckets.delete(name);
  }

  findBucket(name: string): MemoryBucket | undefined {
    return this.buckets.get(name);
  }

  bucket(name: string): MemoryBucket {
    const bucket = this.buckets.get(name);
    if (!bucket) throw new StoreError('no-such-bucket', `no such bucket: ${name}`);
    return bucket;
  }

  /** `holdsAfter`: seconds in which writes still get no version ID, as S3 takes up to 15 minutes to hold it everywhere. */
  setVersioning(bucket: string, versioning: MemoryBucket['versioning'], { holdsAfter = 0 } = {}): void {
    const target = this.bucket(bucket);
    target.versioning = versioning;
    target.versionsFrom = this.now + holdsAfter;
  }

  /** A bucket policy or a KMS key refuses a version from now on; undefined: it can be read again. */
  refuse(bucket: string, key: string, by: MemoryVersion['refusedBy'], versionId?: string): void {
    this.find(bucket, key, versionId).refusedBy = by;
  }

  /** Writes an object as a client does and returns its version ID. The model keeps the given bytes: don't change them. */
  put(bucketName: string, key: string, body: string | Uint8Array = '', options: ClientPut = {}): string {
    const bucket = this.bucket(bucketName);
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const { at, grants, replicaOf, ...fields } = options;
    this.now = Math.max(this.now, at ?? 0);
    const acl = options.acl ?? aclFor(bucket, grants);
    const stamp = { ...this.stamp(bucket, at), ...replicaOf };
    const etag =
      options.etag ?? (options.parts ? partsEtag(bytes, options.parts) : etagFor(bucket, bytes, stamp.versionId));
    return this.insert(bucket, { ...fields, ...stamp, key, body: bytes, acl, etag }).versionId;
  }

  /** A plain DeleteObject. Returns the version ID of the delete marker, unless versioning was never enabled. */
  delete(bucketName: string, key: string, options: Pick<ClientPut, 'at' | 'replicaOf'> = {}): string | undefined {
    const bucket = this.bucket(bucketName);
    this.now = Math.max(this.now, options.at ?? 0);
    if (bucket.versioning !== 'Disabled') {
      const stamp = { ...this.stamp(bucket, options.at), ...options.replicaOf };
      return this.insert(bucket, { ...stamp, key, isMarker: true }).versionId;
    }
    bucket.remove(key, 'null');
    return undefined;
  }

  /** Deletes a version or a delete marker for good. Deleting what is not there is fine, as in S3. */
  deleteVersion(bucket: string, key: string, versionId: string): void {
    this.bucket(bucket).remove(key, versionId);
  }

  /** Takes the current delete marker away, so that the version under it is current again. */
  undelete(bucket: string, key: string): void {
    const current = this.bucket(bucket).current(key);
    if (!current?.isMarker) throw new Error(`${bucket}/${key} has no current delete marker`);
    this.deleteVersion(bucket, key, current.versionId);
  }

  setTags(bucket: string, key: string, tags: Tags, versionId?: string): void {
    this.find(bucket, key, versionId).tags = tags;
  }

  setAcl(bucket: string, key: string, acl: Acl, versionId?: string): void {
    this.find(bucket, key, versionId).acl = acl;
  }

  /** What RestoreObject does in the end. */
  restoreArchived(bucket: string, key: string, versionId?: string): void {
    this.find(bucket, key, versionId).archived = false;
  }

  /** Damages a body under its old ETag and checksum: flips one bit, or puts other bytes in its place. */
  corrupt(bucket: string, key: string, options: { versionId?: string; body?: Uint8Array } = {}): void {
    const version = this.find(bucket, key, options.versionId);
    const bytes = Uint8Array.from(version.body);
    const middle = bytes.length >>> 1;
    if (bytes.length > 0) bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    version.damage(options.body ?? bytes);
  }

  /** Versions and delete markers of a key, newest first. */
  history(bucket: string, key: string): readonly MemoryVersion[] {
    return this.bucket(bucket).history(key);
  }

  /** Everything in a bucket, in listing order. */
  versions(bucket: string, prefix = ''): MemoryVersion[] {
    return Array.from(this.bucket(bucket).versions(prefix), ({ version }) => version);
  }

  /** Keys with a current object, in S3's order. */
  keys(bucket: string, prefix = ''): string[] {
    return Array.from(this.bucket(bucket).objects(prefix), ({ key }) => key);
  }

  /** The current object as text; undefined when there is none. */
  text(bucket: string, key: string): string | undefined {
    const current = this.bucket(bucket).current(key);
    return current && !current.isMarker ? Buffer.from(current.body).toString() : undefined;
  }

  /** The current object, or one version; an error when it is not there. */
  find(bucket: string, key: string, versionId?: string): MemoryVersion {
    const target = this.bucket(bucket);
    const version = versionId === undefined ? target.current(key) : target.version(key, versionId);
    if (!version) throw new Error(`${bucket}/${key} is not there`);
    return version;
  }

  /** Version ID, time and place in the order of writes that the next write to this bucket gets. */
  stamp(bucket: MemoryBucket, at = this.now): Pick<VersionFields, 'versionId' | 'lastModified' | 'sequence'> {
    const sequence = ++this.writes;
    const isVersioned = bucket.versioning === 'Enabled' && this.now >= bucket.versionsFrom;
    const versionId = isVersioned ? opaqueId(sequence) : 'null';
    return { versionId, lastModified: Math.floor(at), sequence };
  }

  insert(bucket: MemoryBucket, fields: VersionFields): MemoryVersion {
    const version = new MemoryVersion(fields);
    bucket.insert(version);
    return version;
  }
}

function partsEtag(body: Uint8Array, sizes: readonly number[]): string {
  let offset = 0;
  return multipartEtag(sizes.map((size) => md5Hex(body.subarray(offset, (offset += size)))));
}

function opaqueId(sequence: number): string {
  const scrambled = Math.imul(sequence, SCRAMBLE) >>> 0;
  return `${scrambled.toString(36)}.${sequence.toString(36)}`.padEnd(VERSION_ID_LENGTH, '_');
}
