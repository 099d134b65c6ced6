import type { BucketInventory } from '../../lambda/adapters/bucket-inventory';
import type { BucketAdmin, BucketDescription } from '../../lambda/ports/bucket-admin';
import type { MarkerRemoval } from '../../lambda/ports/marker-removal';
import type { Headers, ObjectStore, Tags, UserMetadata } from '../../lambda/ports/object-store';
import type { RequestCounter } from '../../lambda/ports/runtime';

export interface ClientPutOptions {
  readonly headers?: Headers;
  readonly userMetadata?: UserMetadata;
  readonly tags?: Tags;
  readonly storageClass?: string;
  /** Encrypted with a key that only the client has. */
  readonly sseC?: boolean;
  /** @default what the client or S3 chooses */
  readonly checksum?: 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256';
}

type Checksummed = NonNullable<ClientPutOptions['checksum']>;

/** Where a bucket sends events, besides EventBridge. */
export interface NotificationRule {
  readonly kind: 'queue' | 'topic' | 'function';
  readonly id: string;
  readonly arn: string;
  readonly events: readonly string[];
  /** Only for keys that begin so. */
  readonly prefix?: string;
}

export interface Notifications {
  readonly rules: readonly NotificationRule[];
  readonly eventBridge: boolean;
}

/**
 * An S3 that contract tests run on: stores under test, and a client that does what the ports have no way to do.
 */
export interface S3World {
  store(options?: { readonly accountId?: string }): ObjectStore & RequestCounter;
  /** What removes delete markers, for an account that may not own the buckets. */
  markers(options?: { readonly accountId?: string }): MarkerRemoval;
  admin(options?: { readonly accountId?: string }): BucketAdmin;
  /** The account that owns the buckets. */
  readonly accountId: string;
  newBucket(options?: {
    readonly versioning?: BucketDescription['versioning'];
    readonly ownership?: BucketDescription['ownership'];
  }): Promise<string>;
  setVersioning(bucket: string, versioning: 'Enabled' | 'Suspended'): Promise<void>;
  /** Returns the version ID, `null` for a null version. */
  put(bucket: string, key: string, body: string, options?: ClientPutOptions): Promise<string>;
  /** Uploads in parts, of which all but the last have 5 MiB at least, with the default type of the checksum. */
  putInParts(bucket: string, key: string, parts: readonly Uint8Array[], checksum: Checksummed): Promise<string>;
  delete(bucket: string, key: string): Promise<string>;
  deleteVersion(bucket: string, key: string, versionId: string): Promise<void>;
  setTags(bucket: string, key: string, tags: Tags, versionId: string): Promise<void>;
  /** Sets all notifications of a bucket; their targets need not exist. */
  setNotifications(bucket: string, notifications: Notifications): Promise<void>;
  notifications(bucket: string): Promise<Notifications>;
  setInventory(bucket: string, inventory: BucketInventory): Promise<void>;
  inventories(bucket: string): Promise<readonly BucketInventory[]>;
  /** Epoch seconds, whole. */
  now(): number;
  close(): Promise<void>;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const text = (body: Uint8Array): string => Buffer.from(body).toString('utf8');
