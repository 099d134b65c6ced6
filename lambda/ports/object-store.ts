/**
 * What the use cases need of Amazon S3. The same contract suite runs on the in-memory model and on the AWS adapter
 * (test/contracts). All instants are epoch seconds, as S3 gives them; all ETags are without their quotes; the version
 * ID of a null version is the text `null`. Every call names the account that must own the bucket, where S3 takes it.
 */

import type { UploadChecksum } from '../core/objects/checksums';
import type { Acl, Checksum, Grant, Headers, ObjectProperties, Tags, UserMetadata } from '../core/objects/properties';
import type { RequestCounts } from './runtime';

export { HEADER_NAMES } from '../core/objects/properties';
export type * from '../core/objects/properties';

export interface ObjectRef {
  readonly bucket: string;
  readonly key: string;
  readonly versionId?: string;
}

/** One row of ListObjectVersions. A page keeps S3's raw order: by key, then newest first, markers among the versions. */
export interface ListedVersion {
  readonly key: string;
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly isLatest: boolean;
  readonly lastModified: number;
  /** Absent for markers, as are size and storageClass. */
  readonly etag?: string;
  readonly size?: number;
  readonly storageClass?: string;
  readonly checksumAlgorithm?: string;
}
export interface VersionCursor {
  readonly keyMarker: string;
  readonly versionIdMarker?: string;
}
export interface VersionPage {
  readonly entries: readonly ListedVersion[];
  /** Absent on the last page. A page may be empty and still have a next one. */
  readonly next?: VersionCursor;
  /** S3's own time of the answer. */
  readonly date: number;
}

export interface ListedObject {
  readonly key: string;
  readonly size: number;
  readonly etag: string;
  readonly lastModified: number;
}
export interface ObjectPage {
  readonly entries: readonly ListedObject[];
  /** Key to go on after; absent on the last page. */
  readonly next?: string;
}

export interface ObjectHead {
  readonly versionId?: string;
  readonly etag: string;
  /** Size of the whole object, also when a range was read. */
  readonly size: number;
  readonly lastModified: number;
  readonly storageClass: string;
  readonly headers: Headers;
  readonly userMetadata: UserMetadata;
  /** Number of metadata entries that S3 could not put into headers (`x-amz-missing-meta`). */
  readonly missingMetadata: number;
  readonly tagCount: number;
  readonly checksum?: Checksum;
  /** S3's own time of the answer. */
  readonly date: number;
}
export interface ObjectBody extends ObjectHead {
  readonly body: Uint8Array;
}

export interface ReadOptions extends ObjectRef {
  /** Only if the object still has this ETag, else `precondition-failed`. */
  readonly ifMatch?: string;
}
export interface GetOptions extends ReadOptions {
  /** First byte and number of bytes; the whole body when absent. */
  readonly range?: { readonly offset: number; readonly length: number };
}

/** Conditions on the key that is written. At most one; a failed one is `precondition-failed`. */
export interface WriteCondition {
  /** The key must have no current object (a delete marker counts as none). */
  readonly ifAbsent?: boolean;
  /** The current object must have this ETag. */
  readonly ifMatch?: string;
}

export interface PutOptions extends WriteCondition, ObjectProperties {
  readonly bucket: string;
  readonly key: string;
  readonly body: Uint8Array;
  /** S3 keeps it with the object, and writes no body that has another one (`bad-digest`). @default SHA-256 of the body */
  readonly checksum?: Checksum;
}
export interface Written {
  readonly versionId?: string;
  readonly etag: string;
  /** Checksum that S3 computed of the written object, where it returns one. */
  readonly checksum?: Checksum;
  /** The object is there without its tags, which no header of the write could hold: why the request that writes them failed. */
  readonly tagsRefused?: StoreErrorCode;
  /** The same of the ACL, which comes after the tags. */
  readonly aclRefused?: StoreErrorCode;
}

export interface CopyOptions extends WriteCondition {
  readonly source: ObjectRef & { readonly ifMatch?: string };
  readonly bucket: string;
  readonly key: string;
  /** `copy` keeps headers, user metadata and tags of the source; otherwise they are replaced by these. */
  readonly properties: 'copy' | ObjectProperties;
  readonly storageClass?: string;
  /** Checksum that S3 shall compute of the copy, of the full object. @default the source's algorithm */
  readonly checksum?: Checksum['algorithm'];
}

export interface UploadRef {
  readonly bucket: string;
  readonly key: string;
  readonly uploadId: string;
}
export interface CreateUploadOptions extends ObjectProperties {
  readonly bucket: string;
  readonly key: string;
  /** Full-object checksum that S3 shall compute over the parts. @default CRC64NVME */
  readonly checksum?: UploadChecksum;
}
export interface CopyPartOptions extends UploadRef {
  readonly partNumber: number;
  readonly source: ObjectRef & { readonly ifMatch?: string };
  readonly range: { readonly offset: number; readonly length: number };
}
export interface CompleteUploadOptions extends UploadRef, WriteCondition {
  readonly parts: readonly UploadedPart[];
  /** Of the full object, by the upload's algorithm: S3 completes no other (`bad-digest`). The upload stays open then. */
  readonly checksum?: Checksum;
  /** What the upload was created with: tags and ACL that had no room in the headers of that request are written now. */
  readonly properties?: ObjectProperties;
}
export interface UploadedPart {
  readonly partNumber: number;
  readonly etag: string;
  readonly size: number;
}

/** What S3 answered, and when. */
export interface Dated<T> {
  readonly value: T;
  readonly date: number;
}

export interface ObjectStore {
  /** Versions and delete markers in S3's order. `prefix` narrows; `cursor` goes on where a page ended. */
  listVersions(options: {
    bucket: string;
    prefix?: string;
    cursor?: VersionCursor;
    maxKeys?: number;
  }): Promise<VersionPage>;
  /** Current objects in key order, after `startAfter`. */
  listObjects(options: { bucket: string; prefix?: string; startAfter?: string; maxKeys?: number }): Promise<ObjectPage>;
  head(options: ReadOptions): Promise<ObjectHead>;
  get(options: GetOptions): Promise<ObjectBody>;
  getTags(ref: ObjectRef): Promise<Tags>;
  getAcl(ref: ObjectRef): Promise<Acl>;
  /** The same, with S3's own time of the answer. */
  readTags(ref: ObjectRef): Promise<Dated<Tags>>;
  readAcl(ref: ObjectRef): Promise<Dated<Acl>>;
  put(options: PutOptions): Promise<Written>;
  /** One CopyObject: at most 5 GiB. */
  copy(options: CopyOptions): Promise<Written>;
  /** Replaces the tags of an object that is there. */
  putTags(options: ObjectRef & { readonly tags: Tags }): Promise<void>;
  /** Replaces the grants of an object that is there; its owner stays. */
  putAcl(options: ObjectRef & { readonly grants: readonly Grant[] }): Promise<void>;
  createUpload(options: CreateUploadOptions): Promise<UploadRef>;
  copyPart(options: CopyPartOptions): Promise<UploadedPart>;
  listParts(upload: UploadRef): Promise<readonly UploadedPart[]>;
  completeUpload(options: CompleteUploadOptions): Promise<Written>;
  /** Also succeeds when the upload is gone. */
  abortUpload(upload: UploadRef): Promise<void>;
  /** A plain DeleteObject: adds a delete marker in a versioned bucket. There is no way to delete a version. */
  addMarker(
    options: { bucket: string; key: string } & Pick<WriteCondition, 'ifMatch'>,
  ): Promise<{ versionId?: string }>;
}

/** Why a store call failed, as far as use cases tell the cases apart. */
export type StoreErrorCode =
  | 'no-such-bucket'
  /** The key or the version does not exist. */
  | 'not-found'
  | 'delete-marker'
  | 'no-such-upload'
  | 'precondition-failed'
  /** Two conditional writes raced, or the key was written or deleted while an upload was under way: that upload never succeeds. */
  | 'conflict'
  | 'access-denied'
  /** The storage class needs a restore first (Glacier Flexible Retrieval, Deep Archive, Intelligent-Tiering archive). */
  | 'archived'
  | 'sse-c'
  | 'key-too-long'
  /** The bytes that S3 has are not those of the checksum that was sent with them: nothing was written. */
  | 'bad-digest'
  /** The bucket has ACLs disabled and the request carries grants. */
  | 'acls-disabled'
  /** A grant names an account or a group that does not exist any more. */
  | 'unknown-grantee'
  /** The bucket has as many inventory configurations as S3 allows. */
  | 'too-many-configurations'
  | 'throttled'
  | 'invalid'
  | 'unavailable';

export class StoreError extends Error {
  /** Of a delete marker that was asked for by its version ID: when it was made. */
  readonly lastModified?: number;

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: { cause?: unknown; lastModified?: number },
  ) {
    super(message, options);
    this.name = 'StoreError';
    this.lastModified = options?.lastModified;
  }
}

export const isStoreError = (error: unknown, ...codes: StoreErrorCode[]): error is StoreError =>
  error instanceof StoreError && (codes.length === 0 || codes.includes(error.code));

/** A store that also says how many requests went through it. */
export type CountingStore = ObjectStore & { counts(): RequestCounts };
