import type { BucketAdmin, BucketDescription, InventorySettings } from '../../ports/bucket-admin';
import { StoreError } from '../../ports/object-store';
import { MAX_INVENTORIES, serves, servesInSomeFormat, tooManyInventories, wantedInventory } from '../bucket-inventory';
import type { MemoryBucket } from './memory-bucket';
import type { MemoryS3 } from './memory-s3';

export class MemoryBucketAdmin implements BucketAdmin {
  constructor(
    private readonly s3: MemoryS3,
    private readonly accountId = s3.account,
  ) {}

  describe(name: string): Promise<BucketDescription> {
    return Promise.resolve().then(() => {
      const { region, versioning, ownership } = this.owned(this.s3.bucket(name));
      const aclsEnabled = ownership !== 'BucketOwnerEnforced';
      return { region, versioning, ownership, aclsEnabled, date: Math.floor(this.s3.now) };
    });
  }

  create(name: string, { ownership }: Parameters<BucketAdmin['create']>[1]): Promise<void> {
    return Promise.resolve().then(() => {
      const bucket = this.owned(this.s3.findBucket(name) ?? this.s3.createBucket(name, { account: this.accountId }));
      bucket.ownership = ownership;
      bucket.versioning = 'Enabled';
    });
  }

  async ensureEventBridge(name: string, beforeEnabling?: () => Promise<void>): Promise<'enabled' | 'was-enabled'> {
    await Promise.resolve();
    const { notifications } = this.owned(this.s3.bucket(name));
    if (notifications.eventBridge) return 'was-enabled';
    await beforeEnabling?.();
    notifications.eventBridge = true;
    return 'enabled';
  }

  ensureInventory(name: string, settings: InventorySettings): Promise<'created' | 'was-there'> {
    return Promise.resolve().then(() => {
      const wanted = wantedInventory(settings, this.accountId);
      const { inventories } = this.owned(this.s3.bucket(name));
      const existing = inventories.get(settings.id);
      if (existing && serves(existing, wanted)) return 'was-there';
      if (!existing && inventories.size >= MAX_INVENTORIES) throw tooManyInventories(name);
      inventories.set(settings.id, wanted);
      return 'created';
    });
  }

  hasInventory(name: string, settings: Omit<InventorySettings, 'format'>): Promise<boolean> {
    return Promise.resolve().then(() => {
      const existing = this.owned(this.s3.bucket(name)).inventories.get(settings.id);
      return existing !== undefined && servesInSomeFormat(existing, settings, this.accountId);
    });
  }

  private owned(bucket: MemoryBucket): MemoryBucket {
    if (bucket.account !== this.accountId) throw new StoreError('access-denied', `${bucket.name} has another owner`);
    return bucket;
  }
}
