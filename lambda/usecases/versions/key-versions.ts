import type { ListedVersion, ObjectStore, VersionCursor } from '../../ports/object-store';

const MAX_PAGE = 1000;

/** The newest versions and delete markers of one key, in S3's order; all when no `count` is given. */
export async function versionsOfKey(
  store: Pick<ObjectStore, 'listVersions'>,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  count = Number.POSITIVE_INFINITY,
): Promise<ListedVersion[]> {
  const found: ListedVersion[] = [];
  let cursor: VersionCursor | undefined;
  do {
    const maxKeys = Math.min(count - found.length, MAX_PAGE);
    // The key itself is the first with that prefix.
    const page = await store.listVersions({ bucket, prefix: key, cursor, maxKeys });
    const own = page.entries.filter((entry) => entry.key === key);
    found.push(...own);
    cursor = own.length === page.entries.length && found.length < count ? page.next : undefined;
  } while (cursor);
  return found;
}
