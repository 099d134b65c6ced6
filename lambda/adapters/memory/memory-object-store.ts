import { inHeaders } from '../../core/objects/request-headers';
import {
  type Acl,
  type Checksum,
  type CompleteUploadOptions,
  type CopyOptions,
  type CopyPartOptions,
  type CreateUploadOptions,
  type Dated,
  type GetOptions,
  type Grant,
  type ListedVersion,
  type ObjectBody,
  type ObjectHead,
  type ObjectPage,
  type ObjectProperties,
  type ObjectRef,
  type ObjectStore,
  type PutOptions,
  type ReadOptions,
  StoreError,
  type Tags,
  type UploadedPart,
  type UploadRef,
  type VersionCursor,
  type VersionPage,
  type WriteCondition,
  type Written,
} from '../../ports/object-store';
import type { RequestCounter, RequestCounts } from '../../ports/runtime';
import { writeLater } from '../later-properties';
import { checksumOf, md5Hex, modelled, type ModelledChecksum, multipartEtag } from './digests';
import type { MemoryBucket } from './memory-bucket';
import type { MemoryS3 } from './memory-s3';
import type { MemoryVersion } from './memory-version';
import {
  aclFor,
  aclOf,
  checkGrants,
  checkCondition,
  checkKey,
  checkProperties,
  checkTags,
  etagFor,
  headOf,
  nameOf,
  resolve,
  resolveBody,
  resolveReadable,
  sourceBytes,
} from './object-requests';
import { type CallHook, StoreCalls } from './store-calls';

const PAGE = 1000;
const MAX_COPY_BYTES = 5 * 1024 ** 3;

export interface MemoryObjectStoreOptions {
  /** Account that must own the buckets. @default the account of the model */
  readonly accountId?: string;
  /** Most rows of a page, so that small tests have many pages. @default 1000 */
  readonly pageSize?: number;
  readonly beforeCall?: CallHook;
  readonly afterCall?: CallHook;
}

/** A view of a MemoryS3 with its own request counter, as one SDK client is of S3. */
export class MemoryObjectStore implements ObjectStore, RequestCounter {
  /** Counter and hooks; tests may set or clear the hooks at any time. */
  readonly calls = new StoreCalls();
  private readonly accountId: string;
  private readonly pageSize: number;

  constructor(
    readonly s3: MemoryS3,
    options: MemoryObjectStoreOptions = {},
  ) {
    this.accountId = options.accountId ?? s3.account;
    this.pageSize = options.pageSize ?? PAGE;
    this.calls.beforeCall = options.beforeCall;
    this.calls.afterCall = options.afterCall;
  }

  counts(): RequestCounts {
    return this.calls.counts();
  }

  listVersions(options: {
    bucket: string;
    prefix?: string;
    cursor?: VersionCursor;
    maxKeys?: number;
  }): Promise<VersionPage> {
    return this.calls.run('ListObjectVersions', options, () => {
      const rows = this.bucket(options.bucket).versions(options.prefix, options.cursor);
      const { items, last } = takePage(rows, Math.min(options.maxKeys ?? PAGE, this.pageSize));
      const next = last && { keyMarker: last.version.key, versionIdMarker: last.version.versionId };
      return { entries: items.map(listed), next, date: Math.floor(this.s3.now) };
    });
  }

  listObjects(options: {
    bucket: string;
    prefix?: string;
    startAfter?: string;
    maxKeys?: number;
  }): Promise<ObjectPage> {
    return this.calls.run('ListObjectsV2', options, () => {
      const rows = this.bucket(options.bucket).objects(options.prefix, options.startAfter);
      const { items, last } = takePage(rows, Math.min(options.maxKeys ?? PAGE, this.pageSize));
      const entries = items.map(({ key, size, etag, lastModified }) => ({ key, size, etag, lastModified }));
      return { entries, next: last?.key };
    });
  }

  head(options: ReadOptions): Promise<ObjectHead> {
    return this.calls.run('HeadObject', options, () => {
      const bucket = this.bucket(options.bucket);
      return headOf(bucket, resolveReadable(bucket, options), this.s3.now);
    });
  }

  get(options: GetOptions): Promise<ObjectBody> {
    return this.calls.run('GetObject', options, () => {
      const bucket = this.bucket(options.bucket);
      const version = resolveBody(bucket, options);
      // A copy: what the caller does with it is its own affair.
      // S3 has no checksum for a range.
      const head = headOf(bucket, version, this.s3.now);
      return {
        ...head,
        checksum: options.range ? undefined : head.checksum,
        body: cut(version.body, options.range).slice(),
      };
    });
  }

  async getTags(ref: ObjectRef): Promise<Tags> {
    return (await this.readTags(ref)).value;
  }

  async getAcl(ref: ObjectRef): Promise<Acl> {
    return (await this.readAcl(ref)).value;
  }

  readTags(ref: ObjectRef): Promise<Dated<Tags>> {
    return this.calls.run('GetObjectTagging', ref, () => ({
      value: resolve(this.bucket(ref.bucket), ref).tags,
      date: Math.floor(this.s3.now),
    }));
  }

  readAcl(ref: ObjectRef): Promise<Dated<Acl>> {
    return this.calls.run('GetObjectAcl', ref, () => {
      const bucket = this.bucket(ref.bucket);
      return { value: aclOf(bucket, resolve(bucket, ref)), date: Math.floor(this.s3.now) };
    });
  }

  async put(options: PutOptions): Promise<Written> {
    const put = await this.calls.run('PutObject', options, () => {
      const bucket = this.bucket(options.bucket);
      checkKey(options.key);
      checkProperties(bucket, inHeaders(options));
      checkCondition(bucket, options.key, options);
      const body = options.body.slice();
      checkDigest(options.checksum, body);
      const stamp = this.s3.stamp(bucket);
      const version = this.s3.insert(bucket, {
        ...propertiesOf(options),
        ...stamp,
        key: options.key,
        body,
        etag: etagFor(bucket, body, stamp.versionId, options),
        acl: aclFor(bucket, inHeaders(options).grants),
        checksum: options.checksum ? modelled(options.checksum.algorithm) : 'SHA256',
      });
      return written(bucket, version);
    });
    return writeLater(this, options, put, options);
  }

  async copy(options: CopyOptions): Promise<Written> {
    const properties = options.properties === 'copy' ? {} : options.properties;
    const copied = await this.calls.run('CopyObject', options, () => {
      const bucket = this.bucket(options.bucket);
      const source = resolveBody(this.bucket(options.source.bucket), options.source);
      checkKey(options.key);
      const sent = inHeaders(properties, sourceBytes(options.source));
      checkProperties(bucket, sent, sourceBytes(options.source));
      if (source.size > MAX_COPY_BYTES) throw new StoreError('invalid', `larger than 5 GiB: ${nameOf(options.source)}`);
      checkCondition(bucket, options.key, options);
      const kept: ObjectProperties = options.properties === 'copy' ? copiedProperties(source) : {};
      const stamp = this.s3.stamp(bucket);
      const version = this.s3.insert(bucket, {
        headers: properties.headers ?? kept.headers,
        userMetadata: properties.userMetadata ?? kept.userMetadata,
        tags: sent.tags ?? kept.tags,
        storageClass: options.storageClass ?? properties.storageClass,
        ...stamp,
        key: options.key,
        body: source.body,
        etag: etagFor(bucket, source.body, stamp.versionId, properties),
        acl: aclFor(bucket, sent.grants),
        checksum: algorithmOfCopy(options.checksum, source),
      });
      return written(bucket, version);
    });
    return writeLater(this, options, copied, properties, sourceBytes(options.source));
  }

  putTags({ tags, ...ref }: ObjectRef & { readonly tags: Tags }): Promise<void> {
    return this.calls.run('PutObjectTagging', ref, () => {
      const bucket = this.bucket(ref.bucket);
      checkTags(tags);
      resolve(bucket, ref).tags = tags;
    });
  }

  async putAcl({ grants, ...ref }: ObjectRef & { readonly grants: readonly Grant[] }): Promise<void> {
    // The request has to name the owner.
    const { owner } = await this.getAcl(ref);
    await this.calls.run('PutObjectAcl', ref, () => {
      const bucket = this.bucket(ref.bucket);
      checkGrants(bucket, grants);
      resolve(bucket, ref).acl = { owner, grants };
    });
  }

  createUpload(options: CreateUploadOptions): Promise<UploadRef> {
    return this.calls.run('CreateMultipartUpload', options, () => {
      const bucket = this.bucket(options.bucket);
      checkKey(options.key);
      checkProperties(bucket, inHeaders(options));
      const began = bucket.changesOf(options.key);
      return this.s3.uploads.create(options, this.s3.stamp(bucket), began);
    });
  }

  copyPart(options: CopyPartOptions): Promise<UploadedPart> {
    return this.calls.run('UploadPartCopy', options, () => {
      this.bucket(options.bucket);
      const { parts } = this.s3.uploads.find(options);
      const source = resolveBody(this.bucket(options.source.bucket), options.source);
      const body = cut(source.body, options.range);
      if (body.length !== options.range.length)
        throw new StoreError('invalid', `no such range: ${nameOf(options.source)}`);
      const part = { etag: md5Hex(body), body };
      parts.set(options.partNumber, part);
      return { partNumber: options.partNumber, etag: part.etag, size: body.length };
    });
  }

  listParts(upload: UploadRef): Promise<readonly UploadedPart[]> {
    return this.calls.run('ListParts', upload, () =>
      Array.from(this.s3.uploads.find(upload).parts)
        .sort(([a], [b]) => a - b)
        .map(([partNumber, { etag, body }]) => ({ partNumber, etag, size: body.length })),
    );
  }

  async completeUpload(options: CompleteUploadOptions): Promise<Written> {
    const completed = await this.calls.run('CompleteMultipartUpload', options, () => {
      const bucket = this.bucket(options.bucket);
      const upload = this.s3.uploads.find(options);
      const parts = options.parts.map(({ partNumber, etag }) => {
        const part = upload.parts.get(partNumber);
        if (part?.etag !== etag)
          throw new StoreError('invalid', `no such part: ${String(partNumber)} with ETag ${etag}`);
        return part;
      });
      if (parts.length === 0) throw new StoreError('invalid', 'an upload needs at least one part');
      checkCondition(bucket, options.key, options);
      if ((options.ifAbsent || options.ifMatch !== undefined) && bucket.changesOf(options.key) !== upload.began)
        throw new StoreError('conflict', `${nameOf(options)} was written or deleted under the upload`);
      const body = Buffer.concat(parts.map((part) => part.body));
      const { checksum: algorithm = 'CRC64NVME' } = upload.options;
      if (options.checksum && options.checksum.algorithm !== algorithm)
        throw new StoreError('bad-digest', `the upload was created with ${algorithm}`);
      checkDigest(options.checksum, body);
      this.s3.uploads.close(options);
      const version = this.s3.insert(bucket, {
        ...propertiesOf(upload.options),
        ...upload.stamp,
        key: options.key,
        body,
        checksum: algorithm,
        etag: multipartEtag(parts.map(({ etag }) => etag)),
        acl: aclFor(bucket, inHeaders(upload.options).grants),
      });
      return written(bucket, version);
    });
    return writeLater(this, options, completed, options.properties);
  }

  abortUpload(upload: UploadRef): Promise<void> {
    return this.calls.run('AbortMultipartUpload', upload, () => {
      this.bucket(upload.bucket);
      this.s3.uploads.close(upload);
    });
  }

  addMarker(
    options: { bucket: string; key: string } & Pick<WriteCondition, 'ifMatch'>,
  ): Promise<{ versionId?: string }> {
    return this.calls.run('DeleteObject', options, () => {
      const bucket = this.bucket(options.bucket);
      checkKey(options.key);
      checkCondition(bucket, options.key, { ifMatch: options.ifMatch });
      return { versionId: this.s3.delete(bucket.name, options.key) };
    });
  }

  private bucket(name: string): MemoryBucket {
    const bucket = this.s3.bucket(name);
    if (bucket.account !== this.accountId) throw new StoreError('access-denied', `${name} has another owner`);
    return bucket;
  }
}

/** Up to `limit` items, and the last of them when more follow. */
function takePage<T>(rows: Iterable<T>, limit: number): { items: T[]; last?: T } {
  const items: T[] = [];
  for (const row of rows) {
    if (items.length >= limit) return { items, last: items.at(-1) };
    items.push(row);
  }
  return { items };
}

function listed({ version, isLatest }: { version: MemoryVersion; isLatest: boolean }): ListedVersion {
  const { key, versionId, isMarker, lastModified } = version;
  if (isMarker) return { key, versionId, isMarker, isLatest, lastModified };
  const { etag, size, storageClass, checksumAlgorithm } = version;
  const algorithm = checksumAlgorithm === 'none' ? undefined : checksumAlgorithm;
  return { key, versionId, isMarker, isLatest, lastModified, etag, size, storageClass, checksumAlgorithm: algorithm };
}

const cut = (body: Uint8Array, range: GetOptions['range']): Uint8Array => {
  if (!range) return body;
  if (range.offset >= body.length || range.length <= 0) throw new StoreError('invalid', 'the range is not satisfiable');
  return body.subarray(range.offset, range.offset + range.length);
};

/** S3 leaves the website redirect behind. */
const copiedProperties = ({ headers, userMetadata, tags }: MemoryVersion): ObjectProperties => ({
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'website-redirect-location')),
  userMetadata,
  tags,
});

/**
 * A copy has a checksum of the full object: by the algorithm that it is asked for, or else the source's, or CRC64NVME where there is none (API
 * reference of CopyObject; User Guide, checking-object-integrity).
 */
const algorithmOfCopy = (asked: CopyOptions['checksum'], { checksumAlgorithm }: MemoryVersion): ModelledChecksum =>
  asked ? modelled(asked) : checksumAlgorithm === 'none' ? 'CRC64NVME' : checksumAlgorithm;

/** S3 computes the checksum itself, and writes nothing where another one was sent. */
function checkDigest(checksum: Checksum | undefined, body: Uint8Array): void {
  if (checksum && checksumOf(body, modelled(checksum.algorithm)).value !== checksum.value)
    throw new StoreError('bad-digest', `The ${checksum.algorithm} you specified did not match what was received.`);
}

const propertiesOf = (options: CreateUploadOptions | PutOptions) => {
  const { headers, userMetadata, tags, storageClass } = inHeaders(options);
  return { headers, userMetadata, tags, storageClass };
};

const written = (bucket: MemoryBucket, version: MemoryVersion): Written => ({
  versionId: bucket.versioning === 'Disabled' ? undefined : version.versionId,
  etag: version.etag,
  checksum: version.checksum,
});
