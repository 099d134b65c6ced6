import type { SchemaElement } from 'hyparquet';
import type { Row } from '../row';

/**
 * Columns of a segment (format v1). Texts are UTF-8 strings; hashes are raw bytes; numbers are 64-bit integers. A reader takes
 * a missing column as unknown, so that columns can be added without a new format version.
 */
type ColumnKind = 'text' | 'hash' | 'int';
export interface Column {
  readonly name: string;
  readonly field: Exclude<keyof Row, 'file'> | 'file';
  readonly kind: ColumnKind;
  readonly encoding?: 'DELTA_BYTE_ARRAY' | 'DELTA_BINARY_PACKED' | 'PLAIN';
}

const text = (name: string, field: Column['field'], encoding?: Column['encoding']): Column => ({
  name,
  field,
  kind: 'text',
  encoding,
});
const int = (name: string, field: Column['field']): Column => ({
  name,
  field,
  kind: 'int',
  encoding: 'DELTA_BINARY_PACKED',
});

export const COLUMNS: readonly Column[] = [
  // Sorted keys share their beginnings: front coding keeps them small.
  text('key', 'key', 'DELTA_BYTE_ARRAY'),
  text('version_id', 'versionId'),
  text('kind', 'kind'),
  int('last_modified', 'lastModified'),
  text('newer_than', 'newerThan'),
  text('sequencer', 'sequencer'),
  int('visible_from', 'visibleFrom'),
  int('visible_before', 'visibleBefore'),
  int('size', 'size'),
  text('etag', 'etag'),
  text('storage_class', 'storageClass'),
  text('checksum_algorithm', 'checksumAlgorithm'),
  text('checksum', 'checksum'),
  { name: 'sha256', field: 'sha256', kind: 'hash', encoding: 'PLAIN' },
  text('headers', 'headers'),
  text('user_metadata', 'userMetadata'),
  text('tags', 'tags'),
  text('acl', 'acl'),
  int('read_at', 'readAt'),
  int('file', 'file'),
  int('offset', 'offset'),
  int('length', 'length'),
  text('encoding', 'encoding'),
  int('effective_from', 'effectiveFrom'),
  int('observed_at', 'observedAt'),
  int('removed_after', 'removedAfter'),
  int('removed_before', 'removedBefore'),
  text('source', 'source'),
  text('uncertain', 'uncertain'),
];

const REQUIRED = new Set(['key', 'version_id', 'kind', 'last_modified']);

export const SCHEMA: SchemaElement[] = [
  { name: 'root', num_children: COLUMNS.length },
  ...COLUMNS.map((column): SchemaElement => ({
    name: column.name,
    type: column.kind === 'int' ? 'INT64' : 'BYTE_ARRAY',
    ...(column.kind === 'text' ? { converted_type: 'UTF8' as const } : {}),
    repetition_type: REQUIRED.has(column.name) ? 'REQUIRED' : 'OPTIONAL',
  })),
];

/** Columns that tell whether a version is new: all that an unchanged object costs to read. */
export const COMPARE_COLUMNS: readonly string[] = [
  'key',
  'version_id',
  'kind',
  'last_modified',
  'newer_than',
  'etag',
  'size',
  'file',
  'tags',
  'acl',
  'effective_from',
  'removed_after',
  'removed_before',
  'uncertain',
];
/** What it takes to tell of a key's states which one holds. */
export const STATE_COLUMNS: readonly string[] = [...COMPARE_COLUMNS, 'observed_at', 'source'];
/** What it takes to take captured versions into a key's history, and to see its versions at any instant. */
export const FOLD_COLUMNS: readonly string[] = [
  ...STATE_COLUMNS,
  'sequencer',
  'visible_from',
  'visible_before',
  'read_at',
];
