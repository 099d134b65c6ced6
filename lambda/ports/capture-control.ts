/** How the capture of a vault's events is doing, and what says whose bucket is whose. */

export interface CaptureHealth {
  /** Messages that are in the queue or being worked on. */
  readonly queued: number;
  /** Greatest age in seconds that a message of the queue had since an instant; undefined when nothing tells. */
  readonly oldestSeconds?: number;
  /** Messages that failed for good. */
  readonly deadLetters: number;
  /** Names of the rules that are missing, or disabled. */
  readonly disabledRules: readonly string[];
}

export interface CaptureControl {
  /** `since` is epoch seconds. */
  health(since: number): Promise<CaptureHealth>;
  /**
   * Has the events of exactly these buckets captured by rules that are made at run time: for buckets that are found by their tags. Rules
   * that are right already are left alone.
   */
  ensureRules(buckets: readonly string[]): Promise<{ readonly changed: number }>;
}

/** Which vault backs a bucket up continuously: one at a time in an account and Region. */
export interface BucketClaim {
  readonly bucket: string;
  readonly vaultBucket: string;
  readonly plan?: string;
  /** Epoch seconds of the last job that said so. */
  readonly at: number;
}
export interface BucketClaims {
  find(bucket: string): Promise<BucketClaim | undefined>;
  /** Writes the claim if the bucket has none, or exactly `from`; answers the claim that holds then. */
  claim(claim: BucketClaim, from?: BucketClaim): Promise<BucketClaim>;
}
