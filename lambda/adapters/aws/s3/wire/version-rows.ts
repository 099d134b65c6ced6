import type { DeleteMarkerEntry, ObjectVersion } from '@aws-sdk/client-s3';
import { type ListedVersion, StoreError } from '../../../../ports/object-store';
import { decodeListed, epochSeconds, unquoted } from './text';

/**
 * The SDK splits a page of ListObjectVersions into versions and delete markers and so loses which of two rows of one
 * second is the newer. The raw answer has them in order: this reads the order from it and merges the two lists again.
 */
export type RowKind = 'Version' | 'DeleteMarker';

// Texts cannot hold a raw `<`, so this matches elements only; `\b` alone would also match <VersionId>.
const ROW_ELEMENT = /<(?:[\w-]+:)?(Version|DeleteMarker)(?:\s[^>]*)?>/g;

export const rowOrder = (xml: string): RowKind[] =>
  Array.from(xml.matchAll(ROW_ELEMENT), ([, name]) => (name === 'Version' ? 'Version' : 'DeleteMarker'));

export function mergeRows(
  order: readonly RowKind[],
  page: {
    readonly Versions?: readonly ObjectVersion[];
    readonly DeleteMarkers?: readonly DeleteMarkerEntry[];
    readonly EncodingType?: string;
  },
): ListedVersion[] {
  const versions = [...(page.Versions ?? [])].reverse();
  const markers = [...(page.DeleteMarkers ?? [])].reverse();
  const rows = order.map((kind) => {
    const row = kind === 'Version' ? versions.pop() : markers.pop();
    return row && listed(row, kind, page.EncodingType);
  });
  const complete = rows.filter((row) => row !== undefined);
  if (complete.length !== order.length || versions.length + markers.length > 0) {
    throw new StoreError('unavailable', 'the rows of a version listing do not match its text');
  }
  return complete;
}

function listed(
  row: ObjectVersion & DeleteMarkerEntry,
  kind: RowKind,
  encodingType: string | undefined,
): ListedVersion {
  const common = {
    key: decodeListed(row.Key ?? '', encodingType),
    versionId: row.VersionId ?? 'null',
    isLatest: row.IsLatest ?? false,
    lastModified: epochSeconds(row.LastModified),
  };
  if (kind === 'DeleteMarker') return { ...common, isMarker: true };
  return {
    ...common,
    isMarker: false,
    etag: unquoted(row.ETag),
    size: row.Size ?? 0,
    storageClass: row.StorageClass ?? 'STANDARD',
    checksumAlgorithm: row.ChecksumAlgorithm?.[0],
  };
}
