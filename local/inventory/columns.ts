/** One row of a report: a version or a delete marker. What is absent is empty in the report. */
export interface InventoryRow {
  readonly key: string;
  /** Absent for null versions. */
  readonly versionId?: string;
  readonly isLatest: boolean;
  readonly isDeleteMarker: boolean;
  /** Epoch seconds, whole. */
  readonly lastModified: number;
  readonly size?: number;
  /** Without quotes. */
  readonly etag?: string;
  readonly storageClass?: string;
  readonly isMultipartUploaded?: boolean;
  readonly replicationStatus?: string;
  readonly encryptionStatus?: string;
  /** Epoch seconds. */
  readonly lockedUntil?: number;
  readonly lockMode?: string;
  readonly legalHold?: string;
  readonly accessTier?: string;
  readonly bucketKeyStatus?: string;
  readonly checksumAlgorithm?: string;
  readonly grants?: readonly InventoryGrant[];
  readonly owner?: string;
}

export type InventoryGrant =
  | { readonly canonicalId: string; readonly type: 'CanonicalUser'; readonly permission: string }
  | { readonly uri: string; readonly type: 'Group'; readonly permission: string };

export type Value = string | number | boolean | Date | undefined;

/** A column of reports: CSV and Parquet call it by different names. */
export interface Column {
  readonly name: string;
  readonly parquet: string;
  readonly kind: 'text' | 'count' | 'flag' | 'date';
  readonly required?: boolean;
  readonly value: (row: InventoryRow, bucket: string) => Value;
}

const date = (seconds: number | undefined): Date | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1000);

const acl = ({ grants }: InventoryRow): string | undefined =>
  grants && Buffer.from(JSON.stringify({ version: '2022-11-10', status: 'AVAILABLE', grants })).toString('base64');

const column = (
  name: string,
  parquet: string,
  kind: Column['kind'],
  value: Column['value'],
  required = false,
): Column => ({ name, parquet, kind, value, required });

const ALWAYS: readonly Column[] = [
  column('Bucket', 'bucket', 'text', (_, bucket) => bucket, true),
  column('Key', 'key', 'text', (row) => row.key, true),
];

/** In reports of all versions. */
const OF_VERSIONS: readonly Column[] = [
  column('VersionId', 'version_id', 'text', (row) => row.versionId),
  column('IsLatest', 'is_latest', 'flag', (row) => row.isLatest),
  column('IsDeleteMarker', 'is_delete_marker', 'flag', (row) => row.isDeleteMarker),
];

const OPTIONAL: readonly Column[] = [
  column('Size', 'size', 'count', (row) => row.size),
  column('LastModifiedDate', 'last_modified_date', 'date', (row) => date(row.lastModified)),
  column('ETag', 'e_tag', 'text', (row) => row.etag),
  column('StorageClass', 'storage_class', 'text', (row) => row.storageClass),
  column('IsMultipartUploaded', 'is_multipart_uploaded', 'flag', (row) => row.isMultipartUploaded),
  column('ReplicationStatus', 'replication_status', 'text', (row) => row.replicationStatus),
  column('EncryptionStatus', 'encryption_status', 'text', (row) => row.encryptionStatus),
  column('ObjectLockRetainUntilDate', 'object_lock_retain_until_date', 'date', (row) => date(row.lockedUntil)),
  column('ObjectLockMode', 'object_lock_mode', 'text', (row) => row.lockMode),
  column('ObjectLockLegalHoldStatus', 'object_lock_legal_hold_status', 'text', (row) => row.legalHold),
  column('IntelligentTieringAccessTier', 'intelligent_tiering_access_tier', 'text', (row) => row.accessTier),
  column('BucketKeyStatus', 'bucket_key_status', 'text', (row) => row.bucketKeyStatus),
  column('ChecksumAlgorithm', 'checksum_algorithm', 'text', (row) => row.checksumAlgorithm),
  column('ObjectAccessControlList', 'object_access_control_list', 'text', acl),
  column('ObjectOwner', 'object_owner', 'text', (row) => row.owner),
];

/** Names of the optional fields that reports can have here, in S3's order. */
export const OPTIONAL_FIELDS: readonly string[] = OPTIONAL.map(({ name }) => name);

/** Columns of a report, always in S3's order, whatever the order of the configuration's fields is. */
export const columnsOf = (versions: 'All' | 'Current', fields: readonly string[]): readonly Column[] => [
  ...ALWAYS,
  ...(versions === 'All' ? OF_VERSIONS : []),
  ...OPTIONAL.filter(({ name }) => fields.includes(name)),
];
