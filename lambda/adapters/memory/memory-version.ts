import type { Acl, Checksum, Headers, Tags, UserMetadata } from '../../ports/object-store';
import { checksumOf, compositeOf, type ModelledChecksum } from './digests';

const NO_HEADERS: Headers = {};
const NO_METADATA: UserMetadata = {};
const NO_TAGS: Tags = {};
const NO_BODY = new Uint8Array(0);
const ARCHIVE_CLASSES: readonly string[] = ['GLACIER', 'DEEP_ARCHIVE'];

export interface VersionFields {
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: number;
  /** Order of the writes: of two versions of one second the higher one is the newer. */
  readonly sequence: number;
  readonly isMarker?: boolean;
  readonly body?: Uint8Array;
  readonly etag?: string;
  readonly storageClass?: string;
  /** Needs a restore before it can be read. */
  readonly archived?: boolean;
  readonly sseC?: boolean;
  readonly headers?: Headers;
  readonly userMetadata?: UserMetadata;
  readonly missingMetadata?: number;
  readonly tags?: Tags;
  readonly acl?: Acl;
  /** `none` is an object from before S3 gave every object a checksum. */
  readonly checksum?: ModelledChecksum | 'none';
  /** Uploaded in parts of these sizes, with S3's default checksum type of the algorithm. */
  readonly parts?: readonly number[];
}

/** One object version or delete marker of the model. */
export class MemoryVersion {
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: number;
  readonly sequence: number;
  readonly isMarker: boolean;
  readonly etag: string;
  readonly storageClass: string;
  readonly sseC: boolean;
  readonly headers: Headers;
  readonly userMetadata: UserMetadata;
  readonly missingMetadata: number;
  readonly checksumAlgorithm: ModelledChecksum | 'none';
  archived: boolean;
  /** Who or what refuses to give it away for now: a bucket policy refuses all of it, a KMS key only headers and body. */
  refusedBy: 'policy' | 'key' | undefined;
  body: Uint8Array;
  tags: Tags;
  acl: Acl | undefined;
  private readonly parts: readonly number[] | undefined;
  private fixedChecksum: Checksum | undefined;

  constructor(fields: VersionFields) {
    this.key = fields.key;
    this.versionId = fields.versionId;
    this.lastModified = Math.floor(fields.lastModified);
    this.sequence = fields.sequence;
    this.isMarker = fields.isMarker ?? false;
    this.body = fields.body ?? NO_BODY;
    this.etag = fields.etag ?? '';
    this.storageClass = fields.storageClass ?? 'STANDARD';
    this.archived = fields.archived ?? ARCHIVE_CLASSES.includes(this.storageClass);
    this.sseC = fields.sseC ?? false;
    this.headers = fields.headers ?? NO_HEADERS;
    this.userMetadata = fields.userMetadata ?? NO_METADATA;
    this.missingMetadata = fields.missingMetadata ?? 0;
    this.tags = fields.tags ?? NO_TAGS;
    this.acl = fields.acl;
    this.checksumAlgorithm = fields.checksum ?? 'CRC64NVME';
    this.parts = fields.parts;
  }

  get size(): number {
    return this.body.length;
  }

  /** Computed when asked for: most objects of a large test are never read. */
  get checksum(): Checksum | undefined {
    if (this.isMarker || this.checksumAlgorithm === 'none') return undefined;
    if (this.fixedChecksum) return this.fixedChecksum;
    // CRC-64/NVME has no composite type.
    if (this.parts && this.checksumAlgorithm !== 'CRC64NVME')
      return compositeOf(this.body, this.checksumAlgorithm, this.parts);
    return checksumOf(this.body, this.checksumAlgorithm);
  }

  /** Other bytes under the old ETag and checksum. */
  damage(body: Uint8Array): void {
    this.fixedChecksum = this.checksum;
    this.body = body;
  }

  /** Whether this version is newer than the other one of its key. */
  isNewerThan(other: { lastModified: number; sequence: number }): boolean {
    return (
      this.lastModified - other.lastModified > 0 ||
      (this.lastModified === other.lastModified && this.sequence > other.sequence)
    );
  }
}
