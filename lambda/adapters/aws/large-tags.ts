import { PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import type { ObjectProperties, Tags } from '../../ports/object-store';
import type { S3Requests } from './s3-requests';
import { fitsTaggingHeader } from './s3-text';

/** Properties without the tags that are too large for a header. */
export const inHeaders = <Properties extends ObjectProperties>(properties: Properties): Properties =>
  fitsTaggingHeader(properties.tags) ? properties : { ...properties, tags: undefined };

/** Tags that no header holds. An attempt that ends in between leaves an object that is not taken for a restored one. */
export async function writeLargeTags(
  requests: S3Requests,
  { bucket, key }: { readonly bucket: string; readonly key: string },
  versionId: string | undefined,
  tags: Tags | undefined,
): Promise<void> {
  if (tags === undefined || fitsTaggingHeader(tags)) return;
  const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  await requests.run({ bucket, key, versionId }, (client, owner) =>
    client.send(
      new PutObjectTaggingCommand({ Bucket: bucket, Key: key, VersionId: versionId, Tagging: { TagSet }, ...owner }),
    ),
  );
}
