import type { ChangedField, MetadataEvent } from '../../core/capture/s3-event';
import { NULL_VERSION, Row, UNREAD } from '../../core/history/row';
import { encodeAcl, encodeTags } from '../../core/objects/canonical';
import { isStoreError, ObjectHead, ObjectRef, ObjectStore, StoreError } from '../../ports/object-store';

/** Tags or the ACL of one version as they are now. */
export type ReadState = Pick<
  Row,
  'key' | 'versionId' | 'lastModified' | 'etag' | 'tags' | 'acl' | 'observedAt' | 'uncertain'
> & {
  /** Tells the versions that one event may mean apart. */
  readonly suffix: string;
};

/** A null version that is replaced all the time cannot be told from the one before; a later attempt comes. */
const ATTEMPTS = 3;

/**
 * Reads what an event tells of. One that names no version means the null version, or (ACL events may leave every version out) the current
 * one: both are read. Of a version that is gone it answers that nobody will know.
 */
export async function readChanged(source: ObjectStore, event: MetadataEvent): Promise<ReadState[]> {
  const ref = { bucket: event.bucket, key: event.key };
  const { versionId, field } = event;
  if (versionId !== undefined && versionId !== NULL_VERSION) return readVersion(source, { ...ref, versionId }, field);
  const states = await readNullVersion(source, ref, field);
  // One that came later has taken the place of the one that is meant.
  const isThere = states.some(({ lastModified }) => lastModified <= event.time);
  const ofNull = isThere ? states : [...states, unread({ ...ref, versionId: NULL_VERSION }, field)];
  if (versionId === NULL_VERSION) return ofNull;
  const current = await headUnlessGone(source, ref);
  const currentId = current?.versionId ?? NULL_VERSION;
  if (!current || currentId === NULL_VERSION) return ofNull;
  // Only ACL events leave out the name of a version that has one. Whether the key had a null version as well, the history knows.
  return [...ofNull, ...(await readVersion(source, { ...ref, versionId: currentId }, field))];
}

/** It has a name of its own in the log: the same event may have been read before, when the version was there. */
const unread = ({ key, versionId }: Required<ObjectRef>, field: ChangedField): ReadState => ({
  key,
  versionId,
  lastModified: 0,
  suffix: '#unread',
  uncertain: `${UNREAD}${field}`,
});

async function readVersion(source: ObjectStore, ref: Required<ObjectRef>, field: ChangedField): Promise<ReadState[]> {
  const { key, versionId } = ref;
  const value = await unlessGone(() => valueOf(source, ref, field));
  return [value ? { key, versionId, lastModified: 0, suffix: '', ...value } : unread(ref, field)];
}

/** ETag and date tell null versions apart, so both have to be those of the version that was read. */
async function readNullVersion(
  source: ObjectStore,
  { bucket, key }: ObjectRef,
  field: ChangedField,
): Promise<ReadState[]> {
  const ref = { bucket, key, versionId: NULL_VERSION };
  let before = await headUnlessGone(source, ref);
  for (let attempt = 1; before && attempt <= ATTEMPTS; attempt++) {
    const value = await unlessGone(() => valueOf(source, ref, field));
    const after = await headUnlessGone(source, ref);
    if (value && after && after.etag === before.etag && after.lastModified === before.lastModified) {
      const { etag, lastModified } = before;
      return [{ key, versionId: NULL_VERSION, etag, lastModified, suffix: '#null', ...value }];
    }
    before = after;
  }
  if (before) throw new StoreError('conflict', 'a null version was replaced while it was read');
  return [];
}

/** With the time at which it was so: later changes may be in it. */
async function valueOf(
  source: ObjectStore,
  ref: ObjectRef,
  field: ChangedField,
): Promise<Pick<Row, 'tags' | 'acl' | 'observedAt'>> {
  if (field === 'tags') {
    const { value, date } = await source.readTags(ref);
    return { tags: encodeTags(value), observedAt: date };
  }
  const { value, date } = await source.readAcl(ref);
  return { acl: encodeAcl(value), observedAt: date };
}

const headUnlessGone = (source: ObjectStore, ref: ObjectRef): Promise<ObjectHead | undefined> =>
  unlessGone(() => source.head(ref));

async function unlessGone<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    // Objects under a customer's key are not in a backup: whatever their tags are, nobody asks for them.
    if (isStoreError(error, 'not-found', 'delete-marker', 'sse-c')) return undefined;
    throw error;
  }
}
