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

/** Formats of reports that backups read. */
export const INVENTORY_FORMATS = ['CSV', 'Parquet'] as const;

/** A report that S3 is to make of all versions of a bucket, with every field that S3 offers. */
export interface InventorySettings {
  /** ID of the configuration: 1 to 64 letters, digits, `.`, `_` and `-`. */
  readonly id: string;
  /** Bucket that takes the reports, of the same account and Region. */
  readonly destinationBucket: string;
  /** Where the reports go in it; without a `/` at the end, as S3 adds its own. */
  readonly prefix: string;
  readonly frequency: 'Daily' | 'Weekly';
  readonly format: (typeof INVENTORY_FORMATS)[number];
  /** @default the default encryption of the destination bucket */
  readonly encryption?: { readonly type: 'SSE_S3' } | { readonly type: 'SSE_KMS'; readonly kmsKeyId: string };
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
  /**
   * Has S3 send the bucket's events to EventBridge; whatever else the bucket notifies stays as it is, also where a target
   * is dead. `beforeEnabling` is awaited where the events were off, before they are turned on. Throws StoreErrors as `describe` does.
   */
  ensureEventBridge(bucket: string, beforeEnabling?: () => Promise<void>): Promise<'enabled' | 'was-enabled'>;
  /**
   * Has S3 make an inventory of the bucket. A configuration of that ID which says the same, or more fields, is left alone, a
   * different one replaced; those of other IDs are not looked at. Throws StoreErrors as `describe` does,
   * `too-many-configurations` when the bucket has 1,000 (S3's limit), and `invalid` for a prefix that ends in `/`.
   */
  ensureInventory(bucket: string, settings: InventorySettings): Promise<'created' | 'was-there'>;
  /**
   * Whether the bucket has a configuration of that ID which gives at least the reports that are wanted, in a format of ours.
   * Throws StoreErrors as `describe` does.
   */
  hasInventory(bucket: string, settings: Omit<InventorySettings, 'format'>): Promise<boolean>;
}
