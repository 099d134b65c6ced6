import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { clientConfig, type Endpoint } from '../service/aws-env';

/** Files in a vault or a scratch bucket, by name. Nothing there is ever overwritten, so a new name is a write. */
export async function listFiles(engine: Endpoint, buckets: readonly string[]): Promise<Map<string, number>> {
  const s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
  const files = new Map<string, number>();
  for (const bucket of buckets) {
    let ContinuationToken: string | undefined;
    do {
      const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken }));
      for (const { Key = '', Size = 0 } of page.Contents ?? []) files.set(`${bucket}/${Key}`, Size);
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
  }
  s3.destroy();
  return files;
}

export const newFiles = (before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): string[] =>
  [...after.keys()].filter((name) => !before.has(name));
