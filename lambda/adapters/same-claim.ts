import type { BucketClaim } from '../ports/capture-control';

/** Whether both say the same of the same bucket. */
export const sameClaim = (a: BucketClaim, b: BucketClaim): boolean =>
  a.bucket === b.bucket && a.vaultBucket === b.vaultBucket && a.plan === b.plan && a.at === b.at;
