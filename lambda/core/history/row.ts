/**
 * A row of a protected bucket's history (docs/reference/format.md). Rows of one key stand together, newest first. Instants are epoch
 * seconds; what is absent is unknown.
 */
export type RowKind =
  | 'put'
  | 'marker'
  | 'state'
  | 'removed'
  /** Only in the change log: events of the bucket may be missing from `removedAfter` to `removedBefore`, for the reason in `uncertain`. */
  | 'gap';
export type RowSource = 'listing' | 'inventory' | 'event';

/** A vault object that rows point to: a pack, or the copy of one large body. */
export interface VaultFile {
  readonly name: string;
  /** Version ID of the object in the vault bucket. */
  readonly versionId?: string;
  /** `<algorithm>:<value>` as S3 writes it: SHA256 of packs, S3's own checksum of the copy for large bodies. */
  readonly checksum: string;
  readonly bytes: number;
  /** Number of the commit that brought the file. */
  readonly commit: number;
}

export interface Row {
  readonly key: string;
  /** `null` for the null version. */
  readonly versionId: string;
  readonly kind: RowKind;
  readonly lastModified: number;
  /** Version IDs of older versions of the same second, in S3's raw listing order, with commas between them. */
  readonly newerThan?: string;
  readonly sequencer?: string;
  /** The version became visible at some instant from `visibleFrom` to `visibleBefore`; at lastModified when absent. */
  readonly visibleFrom?: number;
  readonly visibleBefore?: number;
  readonly size?: number;
  readonly etag?: string;
  readonly storageClass?: string;
  /** The checksum that S3 kept with the source object. */
  readonly checksumAlgorithm?: string;
  readonly checksum?: string;
  /** SHA-256 of the body in hex, when a worker read it. */
  readonly sha256?: string;
  /** Canonical JSON texts (core/objects/canonical). */
  readonly headers?: string;
  readonly userMetadata?: string;
  readonly tags?: string;
  readonly acl?: string;
  /** When headers, metadata, tags and ACL of a captured version were read, by S3's clock. */
  readonly readAt?: number;
  readonly file?: VaultFile;
  readonly offset?: number;
  readonly length?: number;
  readonly encoding?: string;
  /** Of a `state` row: since when the tags or the ACL hold. Of a `removed` row: the sighting that it comes after. */
  readonly effectiveFrom?: number;
  readonly observedAt?: number;
  /**
   * Of a `removed` row: the version was permanently deleted after the one instant and not after the other. A row for the null version
   * without an ETag means whichever null version of the key was there.
   */
  readonly removedAfter?: number;
  readonly removedBefore?: number;
  readonly source?: RowSource;
  /** Why an answer that uses the row is not exact; `not-stored:<reason>` for a version without a body. */
  readonly uncertain?: string;
}

export const NULL_VERSION = 'null';
export const NOT_STORED = 'not-stored:';
/** Of a `state` row without a value: `unread:tags` or `unread:acl`. It was changed, and the version was gone before anybody could read it. */
export const UNREAD = 'unread:';
/** Of a delete marker that was gone before S3 said its date. It has the time of its event instead: replicas are dated earlier. */
export const UNDATED = 'undated';
/** Of a version of which neither was read. */
export const unreadOf = (hasAcl: boolean): string => `${hasAcl ? `${UNREAD}acl,` : ''}${UNREAD}tags`;

/** Tells versions of one key apart. Null versions can be replaced in place, so ETag and date belong to them. */
export const versionIdentity = (row: Pick<Row, 'versionId' | 'etag' | 'lastModified'>): string =>
  row.versionId === NULL_VERSION ? `${NULL_VERSION}/${row.etag ?? ''}/${String(row.lastModified)}` : row.versionId;

/** Whether a `removed` or `state` row tells of whichever null version was there: each such deletion is one of its own. */
export const isOfAnyNull = (told: Row): boolean =>
  told.versionId === NULL_VERSION && told.etag === undefined && told.lastModified === 0;

/**
 * Whether a row of kind `removed` tells of no removal, but that a listing saw the version at `removedAfter`, after it was said to be gone. It was not
 * removed before.
 */
export const isSighting = (row: Row): boolean => row.kind === 'removed' && row.removedBefore === undefined;

/** Identity of a row among those of its key: rows of one identity are joined. */
export function rowIdentity(row: Row): string {
  const version = versionIdentity(row);
  if (row.kind === 'put' || row.kind === 'marker') return version;
  if (row.kind === 'removed' && isOfAnyNull(row))
    return `${version}\u0000removed ${String(row.removedBefore)} ${row.sequencer ?? ''}`;
  if (isSighting(row)) return `${version}\u0000seen`;
  if (row.kind === 'removed')
    return `${version}\u0000removed${row.effectiveFrom === undefined ? '' : ` ${String(row.effectiveFrom)}`}`;
  const value = row.tags === undefined ? `acl ${row.acl ?? ''}` : `tags ${row.tags}`;
  return `${version}\u0000state ${String(row.effectiveFrom)} ${value}`;
}

/**
 * Orders states of one version: by the instant since when they hold. Of one instant the one that was read later holds, and one from an
 * event rather than one that a job read when it began. Texts end ties, so that the order of segments does not matter.
 */
export const compareStates = (a: Row, b: Row): number =>
  (a.effectiveFrom ?? 0) - (b.effectiveFrom ?? 0) ||
  (a.observedAt ?? 0) - (b.observedAt ?? 0) ||
  compareTexts(`${a.tags ?? ''} ${a.acl ?? ''}`, `${b.tags ?? ''} ${b.acl ?? ''}`);

/** Orders texts that are no keys, in one fixed way. */
export const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const isVersion = (row: Row): boolean => row.kind === 'put' || row.kind === 'marker';

const ARCHIVE_CLASSES = new Set(['GLACIER', 'DEEP_ARCHIVE']);
/** S3 gives no body of it away: no request is needed to learn that. */
export const isArchived = ({ storageClass }: Pick<Row, 'storageClass'>): boolean =>
  ARCHIVE_CLASSES.has(storageClass ?? '');
