import {
  GetObjectAclCommand,
  type Grant,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectVersionsCommand,
  type ObjectVersion,
  type S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { inParallel } from '../support/parallel';
import type { InventoryGrant, InventoryRow } from './columns';

const REQUESTS_AT_ONCE = 12;
const ACL_FIELDS: readonly string[] = ['ObjectAccessControlList', 'ObjectOwner'];
/** Fields that a listing does not tell. */
const HEAD_FIELDS: readonly string[] = [
  'ReplicationStatus',
  'EncryptionStatus',
  'ObjectLockRetainUntilDate',
  'ObjectLockMode',
  'ObjectLockLegalHoldStatus',
  'IntelligentTieringAccessTier',
  'BucketKeyStatus',
  'ChecksumAlgorithm',
];

export interface RowsOptions {
  readonly versions: 'All' | 'Current';
  /** Optional fields that are wanted: others cost no requests. */
  readonly fields: readonly string[];
  /** Only keys that begin so. @default all */
  readonly prefix?: string;
}

/** What an inventory of a bucket has to say, page by page of a listing. */
export async function* bucketRows(s3: S3Client, Bucket: string, options: RowsOptions): AsyncGenerator<InventoryRow> {
  const all = options.versions === 'All';
  let position: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {};
  while (position) {
    const page: Awaited<ReturnType<typeof list>> = await list(s3, Bucket, options.prefix, position);
    const { Versions = [], DeleteMarkers = [] } = page;
    const bodies = Versions.filter(({ IsLatest }) => all || IsLatest);
    yield* await inParallel(bodies, REQUESTS_AT_ONCE, (version) => bodyRow(s3, Bucket, version, options.fields));
    if (all) for (const marker of DeleteMarkers) yield { ...commonOf(marker), isDeleteMarker: true };
    position =
      page.IsTruncated === true
        ? { KeyMarker: decode(page.NextKeyMarker), VersionIdMarker: page.NextVersionIdMarker }
        : undefined;
  }
}

const list = (s3: S3Client, Bucket: string, Prefix: string | undefined, position: object) =>
  s3.send(new ListObjectVersionsCommand({ Bucket, Prefix, EncodingType: 'url', ...position }));

type Listed = Pick<ObjectVersion, 'Key' | 'VersionId' | 'IsLatest' | 'LastModified'>;

const commonOf = ({ Key, VersionId, IsLatest, LastModified }: Listed) => ({
  key: decode(Key),
  versionId: VersionId === 'null' ? undefined : VersionId,
  isLatest: IsLatest ?? false,
  lastModified: Math.floor((LastModified?.getTime() ?? 0) / 1000),
});

async function bodyRow(
  s3: S3Client,
  Bucket: string,
  version: ObjectVersion,
  fields: readonly string[],
): Promise<InventoryRow> {
  const common = commonOf(version);
  const target = { Bucket, Key: common.key, VersionId: version.VersionId };
  const etag = version.ETag?.replaceAll('"', '');
  const wants = (some: readonly string[]): boolean => some.some((field) => fields.includes(field));
  const [head, acl] = await Promise.all([
    wants(HEAD_FIELDS) ? headOf(s3, target) : undefined,
    wants(ACL_FIELDS) ? s3.send(new GetObjectAclCommand(target)) : undefined,
  ]);
  return {
    ...common,
    isDeleteMarker: false,
    size: version.Size,
    etag,
    storageClass: version.StorageClass,
    isMultipartUploaded: etag?.includes('-'),
    ...head,
    grants: acl?.Grants?.map(grantOf),
    owner: acl?.Owner?.ID,
  };
}

async function headOf(
  s3: S3Client,
  target: { Bucket: string; Key: string; VersionId: string | undefined },
): Promise<Partial<InventoryRow>> {
  try {
    const head = await s3.send(new HeadObjectCommand({ ...target, ChecksumMode: 'ENABLED' }));
    return {
      replicationStatus: head.ReplicationStatus,
      // The engine says nothing where S3 encrypts by default.
      encryptionStatus: ENCRYPTIONS[head.ServerSideEncryption ?? 'AES256'] ?? 'NOT-SSE',
      lockedUntil: head.ObjectLockRetainUntilDate && head.ObjectLockRetainUntilDate.getTime() / 1000,
      lockMode: head.ObjectLockMode,
      legalHold: head.ObjectLockLegalHoldStatus,
      accessTier: head.StorageClass === 'INTELLIGENT_TIERING' ? (head.ArchiveStatus ?? 'FREQUENT') : undefined,
      bucketKeyStatus: head.BucketKeyEnabled === true ? 'ENABLED' : 'DISABLED',
      checksumAlgorithm: checksumOf(head),
    };
  } catch (error) {
    // Only the client has the key, and S3 shows nothing without it.
    if (error instanceof S3ServiceException && error.$metadata.httpStatusCode === 400)
      return { encryptionStatus: 'SSE-C', bucketKeyStatus: 'DISABLED' };
    throw error;
  }
}

const ENCRYPTIONS: Readonly<Record<string, string>> = {
  AES256: 'SSE-S3',
  'aws:kms': 'SSE-KMS',
  'aws:kms:dsse': 'DSSE-KMS',
};

const checksumOf = (head: HeadObjectCommandOutput): string | undefined =>
  (['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const).find((name) => head[`Checksum${name}`] !== undefined);

function grantOf({ Grantee, Permission: permission = 'READ' }: Grant): InventoryGrant {
  return Grantee?.URI === undefined
    ? { canonicalId: Grantee?.ID ?? '', type: 'CanonicalUser', permission }
    : { uri: Grantee.URI, type: 'Group', permission };
}

/** `encoding-type=url`: percent-encoded UTF-8, a space as `+`. */
const decode = (text = ''): string => decodeURIComponent(text.replaceAll('+', '%20'));
