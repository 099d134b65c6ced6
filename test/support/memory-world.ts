import { MemoryBucketAdmin, MemoryMarkerRemoval, MemoryObjectStore, MemoryS3 } from '../../lambda/adapters/memory';
import type { S3World } from './s3-world';

export function memoryWorld(): S3World {
  const s3 = new MemoryS3();
  let buckets = 0;
  return {
    accountId: s3.account,
    store: ({ accountId } = {}) => new MemoryObjectStore(s3, { accountId }),
    markers: (options) => new MemoryMarkerRemoval(s3, options),
    admin: ({ accountId } = {}) => new MemoryBucketAdmin(s3, accountId),
    newBucket: (options) => Promise.resolve(s3.createBucket(`bucket-${++buckets}`, options).name),
    setVersioning: async (bucket, versioning) => {
      s3.setVersioning(bucket, versioning);
      await Promise.resolve();
    },
    put: (bucket, key, body, options) => Promise.resolve(s3.put(bucket, key, body, options)),
    putInParts: (bucket, key, parts, checksum) => {
      const sizes = parts.map(({ byteLength }) => byteLength);
      return Promise.resolve(s3.put(bucket, key, Buffer.concat(parts), { checksum, parts: sizes }));
    },
    delete: (bucket, key) => Promise.resolve(s3.delete(bucket, key) ?? 'null'),
    deleteVersion: async (bucket, key, versionId) => {
      s3.deleteVersion(bucket, key, versionId);
      await Promise.resolve();
    },
    setTags: async (bucket, key, tags, versionId) => {
      s3.setTags(bucket, key, tags, versionId);
      await Promise.resolve();
    },
    setNotifications: async (bucket, notifications) => {
      Object.assign(s3.bucket(bucket).notifications, notifications);
      await Promise.resolve();
    },
    notifications: (bucket) => Promise.resolve({ ...s3.bucket(bucket).notifications }),
    setInventory: async (bucket, inventory) => {
      s3.bucket(bucket).inventories.set(inventory.id, inventory);
      await Promise.resolve();
    },
    inventories: (bucket) => Promise.resolve([...s3.bucket(bucket).inventories.values()]),
    now: () => Math.floor(s3.now),
    close: () => Promise.resolve(),
  };
}
