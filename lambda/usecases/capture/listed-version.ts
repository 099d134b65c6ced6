import { NULL_VERSION, type Row } from '../../core/history/row';
import type { ListedVersion, ObjectStore } from '../../ports/object-store';
import { versionsOfKey } from '../versions/key-versions';

/**
 * What S3's listing says of a version or delete marker that may not be read. A bucket policy that denies the version does not deny the
 * listing, which has its date, size and ETag. Undefined when it is gone. One request, for refused versions only.
 */
export async function listedVersion(
  source: Pick<ObjectStore, 'listVersions'>,
  bucket: string,
  { key, versionId, kind, etag }: Pick<Row, 'key' | 'versionId' | 'kind' | 'etag'>,
): Promise<ListedVersion | undefined> {
  const listed = await versionsOfKey(source, { bucket, key });
  const found = listed.find((one) => one.versionId === versionId && one.isMarker === (kind === 'marker'));
  // A null version is written over in place: its ETag tells which one an event speaks of.
  const isOther = versionId === NULL_VERSION && etag !== undefined && found?.etag !== etag;
  return isOther ? undefined : found;
}
