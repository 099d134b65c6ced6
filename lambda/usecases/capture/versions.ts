import { LOST, PENDING } from '../../core/backup/fold-versions';
import type { VersionEvent } from '../../core/capture/s3-event';
import { arrivalByEvent } from '../../core/history/arrival';
import { NOT_STORED, NULL_VERSION, Row, UNDATED } from '../../core/history/row';
import type { BucketAdmin } from '../../ports/bucket-admin';
import { isStoreError, ObjectRef, ObjectStore } from '../../ports/object-store';
import { isSingleCopy } from '../versions/server-copy';
import { StorePorts, VersionStore } from '../versions/version-store';
import { listedVersion } from './listed-version';

export interface CaptureVersionPorts extends StorePorts {
  readonly buckets: Pick<BucketAdmin, 'describe'>;
}

/** What became of an event: a row to log, with the body that has to be in the vault before it. */
export interface Captured {
  readonly row: Row;
  readonly body?: Uint8Array;
}

/** Work files of captures have the day of the event in their names: a redelivery finds what an earlier attempt has copied. */
export const captureJobId = (time: number): string => `capture-${new Date(time * 1000).toISOString().slice(0, 10)}`;

/** Reads what an event tells of. Every call may be repeated: the rows say the same, and are joined. */
export async function captureVersion(ports: CaptureVersionPorts, event: VersionEvent): Promise<Captured> {
  if (event.change === 'deleted') return { row: removal(event) };
  if (event.change === 'marked') return { row: await marker(ports.source, event) };
  return capturePut(ports, event);
}

const versionOf = ({ versionId }: VersionEvent): string => versionId ?? NULL_VERSION;

/** Deleting a delete marker tells the same: what is under it is there again. Whose null version it was, the history knows. */
function removal(event: VersionEvent): Row {
  return {
    key: event.key,
    versionId: versionOf(event),
    kind: 'removed',
    lastModified: 0,
    sequencer: event.sequencer,
    removedAfter: event.time - 1,
    removedBefore: event.time,
    source: 'event',
  };
}

/** S3 tells the date of a marker; of one that is gone again, the event's time is all that is known. */
async function marker(source: ObjectStore, event: VersionEvent): Promise<Row> {
  const ref = { bucket: event.bucket, key: event.key, versionId: versionOf(event) };
  const { key, versionId } = ref;
  const { sequencer } = event;
  const { time } = event;
  const found = await markerDate(source, ref);
  const date = found !== undefined && isLaterNull({ versionId, lastModified: found }, time) ? undefined : found;
  const lastModified = date ?? time;
  const row: Row = { key, versionId, kind: 'marker', lastModified, sequencer, source: 'event' };
  // No replica is a null version.
  const uncertain = date === undefined && versionId !== NULL_VERSION ? UNDATED : undefined;
  return { ...row, ...arrivalByEvent(time, date), uncertain };
}

async function markerDate(source: ObjectStore, ref: Required<ObjectRef>): Promise<number | undefined> {
  try {
    await source.head(ref);
    return undefined;
  } catch (error) {
    if (isStoreError(error, 'delete-marker')) return error.lastModified;
    if (isStoreError(error, 'access-denied', 'sse-c'))
      return (await listedVersion(source, ref.bucket, { ...ref, kind: 'marker' }))?.lastModified;
    if (isStoreError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function capturePut(ports: CaptureVersionPorts, event: VersionEvent): Promise<Captured> {
  const { bucket, key, time, etag, size, sequencer } = event;
  const row: Row = {
    key,
    versionId: versionOf(event),
    kind: 'put',
    lastModified: time,
    sequencer,
    size,
    etag,
    source: 'event',
  };
  if (size !== undefined && !isCapturable(ports, size)) return { row: await pending(ports.source, bucket, row, time) };
  const { aclsEnabled } = await ports.buckets.describe(bucket);
  const store = new VersionStore(ports, { bucket, jobId: captureJobId(time), seq: 0, aclsEnabled }, new Map());
  const stored = await store.store(row);
  if (stored.kind === 'body') return { row: arrived(stored.row, time), body: stored.body };
  if (stored.kind === 'copied') return { row: arrived(stored.row, time) };
  if (stored.kind === 'unfinished') return { row: await pending(ports.source, bucket, row, time) };
  if (stored.reason === 'version-gone') return { row: undated({ ...row, uncertain: LOST }, time) };
  return { row: await refused(ports.source, bucket, { ...row, uncertain: unstored(stored.reason) }, time) };
}

/** A version that is not given away, with the date that S3 lists it under. */
async function refused(source: ObjectStore, bucket: string, row: Row, time: number): Promise<Row> {
  const listed = await listedVersion(source, bucket, row);
  if (!listed) return undated({ ...row, uncertain: LOST }, time);
  const { lastModified, etag, size, storageClass } = listed;
  if (isLaterNull(listed, time)) return undated({ ...row, uncertain: LOST }, time);
  return arrived({ ...row, lastModified, etag, size, storageClass }, time);
}

/** A refusal may end by itself: a policy is corrected, a key is enabled again. The next commit tries once more. */
const unstored = (reason: string): string =>
  reason === 'access-denied' ? `${NOT_STORED}${reason},${PENDING}` : `${NOT_STORED}${reason}`;

/**
 * A null version that is dated after the event is another one, be it a marker or of the same bytes: it has an event of its own. What the event tells
 * of, it has written over.
 */
const isLaterNull = ({ versionId, lastModified }: Pick<Row, 'versionId' | 'lastModified'>, time: number): boolean =>
  versionId === NULL_VERSION && lastModified > time;

/** A row with the date that S3 gives the version. */
const arrived = (row: Row, time: number): Row => ({ ...row, ...arrivalByEvent(time, row.lastModified, row.etag) });

/** A row that has the event's time for want of a date. */
const undated = (row: Row, time: number): Row => ({ ...row, ...arrivalByEvent(time, undefined) });

/** Larger ones are copied by parts, which may take longer than a call of the capture. */
const isCapturable = ({ settings }: CaptureVersionPorts, size: number): boolean =>
  size <= settings.packThreshold || isSingleCopy(size, settings.copyPartSize);

/** A version that is there, with the date that S3 gives it. */
async function pending(source: ObjectStore, bucket: string, row: Row, time: number): Promise<Row> {
  try {
    const { key, versionId } = row;
    const ifMatch = versionId === NULL_VERSION ? row.etag : undefined;
    const head = await source.head({ bucket, key, versionId, ifMatch });
    const { lastModified, etag, size } = head;
    if (isLaterNull({ versionId, lastModified }, time)) return undated({ ...row, uncertain: LOST }, time);
    return arrived({ ...row, lastModified, etag, size, uncertain: PENDING }, time);
  } catch (error) {
    if (isStoreError(error, 'not-found', 'delete-marker', 'precondition-failed'))
      return undated({ ...row, uncertain: LOST }, time);
    if (isStoreError(error, 'access-denied', 'sse-c'))
      return refused(source, bucket, { ...row, uncertain: unstored(error.code) }, time);
    throw error;
  }
}
