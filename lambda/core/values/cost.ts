import type { Counts } from './counts';

/**
 * Prices of S3 requests in US dollars per million (us-east-1, S3 Standard, as of 2026-09). Other Regions differ a little:
 * estimates say so. KMS requests come on top where a bucket has no bucket key.
 */
export const PRICES_PER_MILLION: Readonly<Counts> = {
  GetObject: 0.4,
  HeadObject: 0.4,
  GetObjectTagging: 0.4,
  GetObjectAcl: 0.4,
  PutObject: 5,
  CopyObject: 5,
  PutObjectTagging: 5,
  PutObjectAcl: 5,
  CreateMultipartUpload: 5,
  UploadPartCopy: 5,
  CompleteMultipartUpload: 5,
  ListObjectVersions: 5,
  ListObjectsV2: 5,
  ListParts: 5,
};

/** Estimated price of requests, in US dollars; operations without a price are free. */
export const estimateCost = (requests: Readonly<Counts>): number =>
  Object.entries(requests).reduce(
    (sum, [name, count]) => sum + ((PRICES_PER_MILLION[name] ?? 0) * count) / 1_000_000,
    0,
  );
