import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListBucketsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type $Command,
  type BucketVersioningStatus,
  type ChecksumAlgorithm,
  type CompletedPart,
  type ObjectOwnership,
  type ServiceOutputTypes,
} from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { sendRawHeaders } from '../../lambda/adapters/aws/s3/wire/raw-headers';
import { clientConfig, type Endpoint } from '../service/aws-env';
import { checksumOf, type BucketHistory, type VersionState } from './history';

const nullVersion = 'null';

/** An object to write; everything that is left out is S3's default. */
export interface SampleObject {
  readonly body?: Buffer | string;
  /** Lower-case names of the headers that S3 keeps. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
  /** Canonical user who may read the object too; for buckets with ACLs. */
  readonly reader?: string;
  /** @default the SDK's, or S3's of an upload by parts */
  readonly checksum?: ChecksumAlgorithm;
}

export interface SampleBucketOptions {
  readonly name: string;
  /** With ACLs or without. @default 'BucketOwnerEnforced' */
  readonly ownership?: ObjectOwnership;
}

/** A bucket that is written with the plain AWS SDK, and a note of what it must hold, taken while it is written. */
export class SampleBucket {
  private readonly versions = new Map<string, VersionState[]>();
  private status: BucketVersioningStatus | undefined;

  private constructor(
    readonly name: string,
    readonly aclsEnabled: boolean,
    private readonly s3: S3Client,
    private readonly owner: string,
  ) {}

  /** Creates the bucket, without versioning. */
  static async create(engine: Endpoint, options: SampleBucketOptions): Promise<SampleBucket> {
    const { name, ownership = 'BucketOwnerEnforced' } = options;
    const bucket = await SampleBucket.existing(engine, options);
    await bucket.s3.send(new CreateBucketCommand({ Bucket: name, ObjectOwnership: ownership }));
    return bucket;
  }

  /** A bucket that somebody else created, still empty. */
  static async existing(engine: Endpoint, options: SampleBucketOptions): Promise<SampleBucket> {
    const { name, ownership = 'BucketOwnerEnforced' } = options;
    const s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
    sendRawHeaders(s3);
    const { Owner } = await s3.send(new ListBucketsCommand());
    return new SampleBucket(name, ownership !== 'BucketOwnerEnforced', s3, Owner?.ID ?? '');
  }

  /** What the bucket holds now. Later writes don't change the answer. */
  snapshot(): BucketHistory {
    return new Map([...this.versions].map(([key, versions]) => [key, [...versions]]));
  }

  async setVersioning(status: BucketVersioningStatus): Promise<void> {
    await this.s3.send(
      new PutBucketVersioningCommand({ Bucket: this.name, VersioningConfiguration: { Status: status } }),
    );
    this.status = status;
  }

  async put(key: string, object: SampleObject = {}): Promise<void> {
    const body = Buffer.from(object.body ?? '');
    const command = new PutObjectCommand({ ...this.target(key), ...this.fields(object), Body: body });
    addExpires(command, object);
    this.note(key, body, object, await this.s3.send(command));
  }

  /** Uploads an object in parts, as clients do with large ones. */
  async putInParts(key: string, parts: readonly Buffer[], object: SampleObject = {}): Promise<void> {
    const target = this.target(key);
    const create = new CreateMultipartUploadCommand({ ...target, ...this.fields(object) });
    addExpires(create, object);
    const { UploadId } = await this.s3.send(create);
    const uploaded: CompletedPart[] = [];
    for (const [index, part] of parts.entries()) {
      const PartNumber = index + 1;
      const ChecksumAlgorithm = object.checksum;
      const upload = new UploadPartCommand({ ...target, UploadId, PartNumber, Body: part, ChecksumAlgorithm });
      const { ETag, ...answer } = await this.s3.send(upload);
      uploaded.push(object.checksum ? { ...answer, PartNumber, ETag } : { PartNumber, ETag });
    }
    const complete = new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts: uploaded } });
    this.note(key, Buffer.concat(parts), object, await this.s3.send(complete));
  }

  /** Deletes as users do: in a versioned bucket this adds a delete marker. */
  async delete(key: string): Promise<void> {
    const { VersionId } = await this.s3.send(new DeleteObjectCommand(this.target(key)));
    if (this.status === undefined) this.forget(key, nullVersion);
    else this.add(key, { kind: 'marker', versionId: VersionId ?? nullVersion });
  }

  /** Removes the delete marker on top, which brings the object back. */
  async undelete(key: string): Promise<void> {
    const newest = this.versions.get(key)?.at(-1);
    if (newest?.kind !== 'marker') throw new Error(`the newest version of ${key} is no delete marker`);
    await this.deleteVersion(key, newest.versionId);
  }

  /** Removes a version for good: by ID, or by its place, 0 being the oldest. */
  async deleteVersion(key: string, version: string | number): Promise<void> {
    const versionId = typeof version === 'string' ? version : this.versions.get(key)?.at(version)?.versionId;
    await this.s3.send(new DeleteObjectCommand({ ...this.target(key), VersionId: versionId }));
    this.forget(key, versionId);
  }

  async deleteAllVersions(key: string): Promise<void> {
    for (const { versionId } of [...(this.versions.get(key) ?? [])]) await this.deleteVersion(key, versionId);
  }

  destroy(): void {
    this.s3.destroy();
  }

  private target(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.name, Key: key };
  }

  private fields({ headers = {}, metadata, tags, reader, checksum }: SampleObject) {
    return {
      ChecksumAlgorithm: checksum,
      CacheControl: headers['cache-control'],
      ContentDisposition: headers['content-disposition'],
      ContentEncoding: headers['content-encoding'],
      ContentLanguage: headers['content-language'],
      ContentType: headers['content-type'] ?? 'application/octet-stream',
      WebsiteRedirectLocation: headers['website-redirect-location'],
      Metadata: metadata,
      Tagging: tags && new URLSearchParams({ ...tags }).toString(),
      // Grants in headers are all that the object gets: the owner's own has to be among them.
      ...(reader !== undefined && { GrantFullControl: `id="${this.owner}"`, GrantRead: `id="${reader}"` }),
    };
  }

  private note(key: string, body: Buffer, object: SampleObject, answer: { readonly VersionId?: string }): void {
    const { headers, metadata = {}, tags = {}, reader } = object;
    this.add(key, {
      kind: 'body',
      versionId: answer.VersionId ?? nullVersion,
      size: body.byteLength,
      sha256: createHash('sha256').update(body).digest('hex'),
      headers: { 'content-type': 'application/octet-stream', ...headers },
      metadata,
      tags,
      grants: [`FULL_CONTROL ${this.owner}`, ...(reader === undefined ? [] : [`READ ${reader}`])],
      checksum: checksumOf(answer),
    });
  }

  private add(key: string, version: VersionState): void {
    // There is one null version at most: the next one takes its place.
    if (version.versionId === nullVersion) this.forget(key, nullVersion);
    this.versions.set(key, [...(this.versions.get(key) ?? []), version]);
  }

  private forget(key: string, versionId: string | undefined): void {
    const left = (this.versions.get(key) ?? []).filter((version) => version.versionId !== versionId);
    if (left.length > 0) this.versions.set(key, left);
    else this.versions.delete(key);
  }
}

/** `Expires` may hold any text, and the SDK takes only dates. */
function addExpires<Input extends object, Output extends ServiceOutputTypes>(
  { middlewareStack }: Pick<$Command<Input, Output, unknown>, 'middlewareStack'>,
  { headers }: SampleObject,
): void {
  const expires = headers?.expires;
  if (expires === undefined) return;
  middlewareStack.add(
    (next) => (args) => {
      (args.request as { headers: Record<string, string> }).headers.expires = expires;
      return next(args);
    },
    { step: 'build', name: 'addExpires' },
  );
}
