import type { DeadLetters } from '../core/capture/dead-letters';

/** How the capture of a vault's events is doing, and what says whose bucket is whose. */

export interface CaptureHealth {
  /** Messages that are in the queue or being worked on. */
  readonly queued: number;
  /** Greatest age in seconds that a message of the queue had since an instant; undefined when nothing tells. */
  readonly oldestSeconds?: number;
  /** The same of the last RETRY_WINDOW_SECONDS (core/capture/retries): messages that were received three times have no age. */
  readonly recentSeconds?: number;
  /** What keeps the bucket's events from the queue: the rules that name it are disabled, or there is none. */
  readonly disabledRules: readonly string[];
  /**
   * Since when rules that are enabled have captured the bucket, in epoch seconds, where that is known: what happened before was captured by none
   * of them.
   */
  readonly capturedSince?: number;
}

export interface CaptureControl {
  /** As far as it concerns a bucket. `since` is epoch seconds. */
  health(since: number, bucket: string): Promise<CaptureHealth>;
  /** Messages that failed for good: those of all buckets of the vault. `since` is epoch seconds. */
  deadLetters(since: number): Promise<DeadLetters>;
  /**
   * Has the events of exactly these buckets captured by rules that are made at run time: for buckets that are found by their tags. A bucket stays
   * in the rule that it is in, so that no event falls between two; rules that are right already are left alone. One that somebody has disabled
   * stays so: what was not captured is said by `health`, and would not be if it were mended on the quiet. One that is gone is made again, and `health` says
   * since when it is there.
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
/** A claim that nobody has renewed for so long has been given up. */
export const STALE_CLAIM_SECONDS = 2 * 24 * 60 * 60;

export interface BucketClaims {
  find(bucket: string): Promise<BucketClaim | undefined>;
  /**
   * Writes the claim if the bucket has none, or exactly `from`; answers the claim that holds then. Of those who take over from one at the
   * same time, one gets it, and all are told which.
   */
  claim(claim: BucketClaim, from?: BucketClaim): Promise<BucketClaim>;
}
