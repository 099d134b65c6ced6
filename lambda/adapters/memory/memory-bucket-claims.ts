import type { BucketClaim, BucketClaims } from '../../ports/capture-control';
import { sameClaim } from '../same-claim';

/** Claims in memory; vaults that share one see each other. */
export class MemoryBucketClaims implements BucketClaims {
  private readonly claims = new Map<string, BucketClaim>();

  find(bucket: string): Promise<BucketClaim | undefined> {
    return Promise.resolve(this.claims.get(bucket));
  }

  claim(claim: BucketClaim, from?: BucketClaim): Promise<BucketClaim> {
    const known = this.claims.get(claim.bucket);
    if (known && !(from && sameClaim(known, from))) return Promise.resolve(known);
    this.claims.set(claim.bucket, claim);
    return Promise.resolve(claim);
  }
}
