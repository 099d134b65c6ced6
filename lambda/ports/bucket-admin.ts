/** Bucket-level calls: what a job checks of a bucket before it starts, and the bucket that a restore creates. */

export interface BucketDescription {
  readonly region: string;
  readonly versioning: 'Enabled' | 'Suspended' | 'Disabled';
  /** False when the bucket's object ownership is BucketOwnerEnforced: objects then have no ACLs of their own. */
  readonly aclsEnabled: boolean;
  /** The object ownership setting itself. */
  readonly ownership: 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter';
  /** S3's own time of the answer, epoch seconds. */
  readonly date: number;
}

export interface BucketAdmin {
  /** Throws StoreError `no-such-bucket` or `access-denied` (also for a bucket of another account). */
  describe(bucket: string): Promise<BucketDescription>;
  /**
   * Creates a bucket with versioning, the given object ownership and all public access blocked. Every step may be
   * repeated: a bucket that this account already owns is brought to that state. A name that another account has is
   * `access-denied`.
   */
  create(bucket: string, options: { readonly ownership: BucketDescription['ownership'] }): Promise<void>;
}
