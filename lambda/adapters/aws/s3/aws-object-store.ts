import {
  CopyObjectCommand,
  type CopyObjectCommandOutput,
  DeleteObjectCommand,
  GetObjectAclCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  type S3ClientConfig,
  type StorageClass,
} from '@aws-sdk/client-s3';
import { inHeaders } from '../../../core/objects/request-headers';
import {
  type Acl,
  type CompleteUploadOptions,
  type CopyOptions,
  type CopyPartOptions,
  type CreateUploadOptions,
  type Dated,
  type GetOptions,
  type Grant,
  isStoreError,
  type ObjectBody,
  type ObjectHead,
  type ObjectPage,
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
} from '../../../ports/object-store';
import type { RequestCounter, RequestCounts } from '../../../ports/runtime';
import { AwsLaterWrites } from './aws-later-writes';
import { AwsUploads } from './aws-uploads';
import { ObjectReads } from './object-reads';
import { ObjectWrites } from './object-writes';
import { aclFrom } from './wire/acl';
import { explained, isUnexplained } from './wire/head-errors';
import { KnownRoutes } from './wire/known-routes';
import { nextMarker } from './wire/listing-end';
import { checksumOf, conditionFields, dateOf, headFrom, writeFields, writtenHeaders } from './wire/object-fields';
import { addHeaders, S3Requests } from './wire/requests';
import { attemptOnce } from './wire/single-attempt';
import { causeKey, causeName } from './wire/store-errors';
import { copySource, decodeListed, epochSeconds, quoted, unquoted } from './wire/text';
import { mergeRows } from './wire/version-rows';

export interface AwsObjectStoreOptions {
  /** Account that must own every bucket; without it the expected owner is not checked. */
  readonly accountId?: string;
  /** Settings of the SDK client, such as another Region. @default see createS3Client */
  readonly client?: S3ClientConfig;
}

/** Amazon S3 through the AWS SDK, with a client and a request counter of its own. */
export class AwsObjectStore implements ObjectStore, RequestCounter {
  private readonly requests: S3Requests;
  private readonly later: AwsLaterWrites;
  private readonly uploads: AwsUploads;
  private readonly reads: ObjectReads;
  private readonly writes: ObjectWrites;

  constructor(options: AwsObjectStoreOptions = {}) {
    this.requests = new S3Requests(options);
    this.later = new AwsLaterWrites(this.requests);
    this.uploads = new AwsUploads(this.requests, this.later);
    const routes = new KnownRoutes(this.requests.client);
    this.reads = new ObjectReads(this.requests, routes);
    this.writes = new ObjectWrites(this.requests, routes, this.later);
  }

  /** Attempts made, those that the SDK repeated included: each of them is billed. */
  counts(): RequestCounts {
    return this.requests.wire.counts();
  }

  /** Closes the connections. */
  destroy(): void {
    this.requests.client.destroy();
  }

  async listVersions(options: {
    bucket: string;
    prefix?: string;
    cursor?: VersionCursor;
    maxKeys?: number;
  }): Promise<VersionPage> {
    const page = await this.requests.run(options, (client, owner) =>
      client.send(
        new ListObjectVersionsCommand({
          Bucket: options.bucket,
          Prefix: options.prefix,
          KeyMarker: options.cursor?.keyMarker,
          VersionIdMarker: options.cursor?.versionIdMarker,
          MaxKeys: options.maxKeys,
          EncodingType: 'url',
          ...owner,
        }),
      ),
    );
    const { rows, headers, entries = mergeRows(rows, page) } = this.requests.wire.of(page);
    const date = dateOf(headers);
    const next = nextMarker(options.bucket, page, page.NextKeyMarker);
    if (next === undefined) return { entries, date };
    const keyMarker = decodeListed(next, page.EncodingType);
    return { entries, date, next: { keyMarker, versionIdMarker: page.NextVersionIdMarker } };
  }

  async listObjects(options: {
    bucket: string;
    prefix?: string;
    startAfter?: string;
    maxKeys?: number;
  }): Promise<ObjectPage> {
    const page = await this.requests.run(options, (client, owner) =>
      client.send(
        new ListObjectsV2Command({
          Bucket: options.bucket,
          Prefix: options.prefix,
          StartAfter: options.startAfter,
          MaxKeys: options.maxKeys,
          EncodingType: 'url',
          ...owner,
        }),
      ),
    );
    const entries = (page.Contents ?? []).map((row) => ({
      key: decodeListed(row.Key ?? '', page.EncodingType),
      size: row.Size ?? 0,
      etag: unquoted(row.ETag),
      lastModified: epochSeconds(row.LastModified),
    }));
    return { entries, next: nextMarker(options.bucket, page, entries.at(-1)?.key) };
  }

  async head(options: ReadOptions): Promise<ObjectHead> {
    try {
      const output = await this.requests.run(options, (client, owner) =>
        client.send(new HeadObjectCommand({ ...this.readFields(options), ChecksumMode: 'ENABLED', ...owner })),
      );
      return headFrom(output, this.requests.wire.of(output));
    } catch (error) {
      if (!isUnexplained(error)) throw error;
      throw await explained(error, () => this.get({ ...options, range: { offset: 0, length: 1 } }));
    }
  }

  get(options: GetOptions): Promise<ObjectBody> {
    return this.reads.get(options);
  }

  async getTags(ref: ObjectRef): Promise<Tags> {
    return (await this.readTags(ref)).value;
  }

  async getAcl(ref: ObjectRef): Promise<Acl> {
    return (await this.readAcl(ref)).value;
  }

  async readTags(ref: ObjectRef): Promise<Dated<Tags>> {
    const output = await this.requests.run(ref, (client, owner) =>
      client.send(new GetObjectTaggingCommand({ ...refFields(ref), ...owner })),
    );
    const value = Object.fromEntries((output.TagSet ?? []).map(({ Key = '', Value = '' }) => [Key, Value]));
    return { value, date: dateOf(this.requests.wire.of(output).headers) };
  }

  async readAcl(ref: ObjectRef): Promise<Dated<Acl>> {
    const output = await this.requests.run(ref, (client, owner) =>
      client.send(new GetObjectAclCommand({ ...refFields(ref), ...owner })),
    );
    return { value: aclFrom(output), date: dateOf(this.requests.wire.of(output).headers) };
  }

  put(options: PutOptions): Promise<Written> {
    return this.writes.put(options);
  }

  async copy(options: CopyOptions): Promise<Written> {
    const { source, properties } = options;
    const replaced = properties === 'copy' ? {} : properties;
    const directive = properties === 'copy' ? 'COPY' : 'REPLACE';
    const from = copySource(source);
    const output = await this.copied(options, (client, owner, sourceOwner) => {
      const command = new CopyObjectCommand({
        ...(properties === 'copy' ? {} : writeFields(inHeaders(properties, from.length))),
        ...conditionFields(options),
        Bucket: options.bucket,
        Key: options.key,
        CopySource: from,
        CopySourceIfMatch: source.ifMatch === undefined ? undefined : quoted(source.ifMatch),
        MetadataDirective: directive,
        TaggingDirective: directive,
        // Annotations are no part of a backup, and copying them needs rights that no role of ours has.
        AnnotationDirective: 'EXCLUDE',
        StorageClass: storageClassOf({ storageClass: options.storageClass ?? replaced.storageClass }),
        ChecksumAlgorithm: options.checksum,
        ...owner,
        ...sourceOwner,
      });
      addHeaders(command, writtenHeaders(replaced));
      if (options.ifMatch !== undefined) attemptOnce(command);
      return client.send(command);
    });
    const result = output.CopyObjectResult ?? {};
    const written = { versionId: output.VersionId, etag: unquoted(result.ETag), checksum: checksumOf(result) };
    return this.later.after(options, written, replaced, from.length);
  }

  putTags(options: ObjectRef & { readonly tags: Tags }): Promise<void> {
    return this.later.putTags(options);
  }

  putAcl(options: ObjectRef & { readonly grants: readonly Grant[] }): Promise<void> {
    return this.later.putAcl(options);
  }

  createUpload(options: CreateUploadOptions): Promise<UploadRef> {
    return this.uploads.create(options);
  }

  copyPart(options: CopyPartOptions): Promise<UploadedPart> {
    return this.uploads.copyPart(options);
  }

  listParts(upload: UploadRef): Promise<readonly UploadedPart[]> {
    return this.uploads.listParts(upload);
  }

  completeUpload(options: CompleteUploadOptions): Promise<Written> {
    return this.uploads.complete(options);
  }

  abortUpload(upload: UploadRef): Promise<void> {
    return this.uploads.abort(upload);
  }

  async addMarker(
    options: { bucket: string; key: string } & Pick<WriteCondition, 'ifMatch'>,
  ): Promise<{ versionId?: string }> {
    const output = await this.requests.runConditional(options, (client, owner) => {
      const { IfMatch } = conditionFields(options);
      const command = new DeleteObjectCommand({ Bucket: options.bucket, Key: options.key, IfMatch, ...owner });
      if (IfMatch === undefined) attemptOnce(command);
      return client.send(command);
    });
    return { versionId: output.VersionId };
  }

  /**
   * A CopyObject whose destination has to have an ETag. S3 answers 404 when the destination has no object, and when there is no source. The
   * key in the answer tells which; where both have that key, the destination is looked at.
   */
  private async copied(options: CopyOptions, call: Parameters<S3Requests['run']>[1]): Promise<CopyObjectCommandOutput> {
    try {
      return (await this.requests.run(options, call)) as CopyObjectCommandOutput;
    } catch (error) {
      if (!isStoreError(error, 'not-found', 'delete-marker') || !(await this.isOfDestination(options, error)))
        throw error;
      throw new StoreError('precondition-failed', error.message, { cause: error.cause });
    }
  }

  private async isOfDestination(options: CopyOptions, error: StoreError): Promise<boolean> {
    const { source, bucket, key, ifMatch } = options;
    if (ifMatch === undefined || causeName(error) === 'NoSuchVersion') return false;
    const named = causeKey(error);
    if (named !== undefined && source.key !== key) return named === key;
    try {
      return (await this.head({ bucket, key })).etag !== ifMatch;
    } catch (absent) {
      return isStoreError(absent, 'not-found', 'delete-marker');
    }
  }

  private readFields(options: ReadOptions) {
    return { ...refFields(options), IfMatch: conditionFields(options).IfMatch };
  }
}

const refFields = (ref: ObjectRef) => ({ Bucket: ref.bucket, Key: ref.key, VersionId: ref.versionId });

/** S3 knows more storage classes than the SDK's list at any time. */
const storageClassOf = (properties: { readonly storageClass?: string }): StorageClass | undefined =>
  properties.storageClass as StorageClass | undefined;
