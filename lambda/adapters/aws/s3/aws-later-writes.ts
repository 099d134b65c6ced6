import { PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { tagsComeLater } from '../../../core/objects/request-headers';
import {
  isStoreError,
  type ObjectProperties,
  type ObjectRef,
  type Tags,
  type Written,
} from '../../../ports/object-store';
import type { S3Requests } from './wire/requests';

/** Replaces the tags of an object by a request of their own. */
export async function writeTags(requests: S3Requests, ref: ObjectRef, tags: Tags): Promise<void> {
  const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  const { bucket: Bucket, key: Key, versionId: VersionId } = ref;
  await requests.run(ref, (client, owner) =>
    client.send(new PutObjectTaggingCommand({ Bucket, Key, VersionId, Tagging: { TagSet }, ...owner })),
  );
}

/** Tags that had no room in the headers of the write. The object is there by now: a failure is no error, but said. */
export async function writeLargeTags(
  requests: S3Requests,
  { bucket, key }: ObjectRef,
  written: Written,
  properties: ObjectProperties = {},
  others = 0,
): Promise<Written> {
  const { tags } = properties;
  if (tags === undefined || !tagsComeLater(properties, others)) return written;
  try {
    await writeTags(requests, { bucket, key, versionId: written.versionId }, tags);
    return written;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return { ...written, tagsRefused: error.code };
  }
}
