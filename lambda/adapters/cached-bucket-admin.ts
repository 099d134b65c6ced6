import type { BucketAdmin, BucketDescription } from '../ports/bucket-admin';

/** What is described for each of a stream of events costs three requests a bucket a minute, not an event. */
const KEPT_MILLIS = 60_000;

/** Keeps descriptions of buckets for a minute; errors are not kept. */
export function cachedBucketAdmin(admin: BucketAdmin, now: () => number = Date.now): BucketAdmin {
  const kept = new Map<string, { readonly until: number; readonly described: Promise<BucketDescription> }>();
  return {
    describe: (bucket) => {
      const known = kept.get(bucket);
      if (known && now() < known.until) return known.described;
      const described = admin.describe(bucket);
      const entry = { until: now() + KEPT_MILLIS, described };
      kept.set(bucket, entry);
      described.catch(() => {
        if (kept.get(bucket) === entry) kept.delete(bucket);
      });
      return described;
    },
    create: (bucket, options) => admin.create(bucket, options),
    ensureEventBridge: (bucket, beforeEnabling) => admin.ensureEventBridge(bucket, beforeEnabling),
    ensureInventory: (bucket, settings) => admin.ensureInventory(bucket, settings),
    hasInventory: (bucket, settings) => admin.hasInventory(bucket, settings),
  };
}
