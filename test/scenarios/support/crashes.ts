import type { CallHook, MemoryObjectStore } from '../../../lambda/adapters/memory';
import { StoreError } from '../../../lambda/ports/object-store';
import { deliverReport } from '../../support/inventory-report';
import { Rig, SCRATCH } from './rig';

/** Small enough that everything takes several parts, units and turns. */
export const SETTINGS = {
  packThreshold: 16,
  copyPartSize: 4,
  rangeWeight: 3,
  sortRows: 1,
  inventoryUnitBytes: 1,
  listingUnitRows: 2,
};
/** What a job reads the bucket's content from. */
export const SOURCES = ['listing', 'inventory'] as const;
export type Source = (typeof SOURCES)[number];

/** A bucket with versions, markers, tags and a large object. */
export function filled(options: ConstructorParameters<typeof Rig>[0] = {}, source: Source = 'listing'): Rig {
  const rig = new Rig({ settings: SETTINGS, pageSize: 3, ...options });
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c', 'd']) {
    rig.s3.put('src', key, `${key}1`, { tags: { k: key } });
    rig.s3.put('src', key, `${key}2`);
  }
  rig.s3.delete('src', 'b');
  rig.s3.put('src', 'large', 'more than four parts of four bytes each: 17 and over');
  rig.s3.advance(5);
  if (source === 'inventory') deliverReport(rig.s3, 'src', SCRATCH);
  return rig;
}

/** Fails the n-th call of the four stores together: before it reaches S3, or when its answer is lost. */
export function failCall(
  stores: readonly MemoryObjectStore[],
  n: number,
  when: 'beforeCall' | 'afterCall',
): () => boolean {
  let calls = 0;
  let failed = false;
  const hook: CallHook = () => {
    if (++calls !== n) return;
    failed = true;
    throw new StoreError('unavailable', `call ${String(n)} fails`);
  };
  for (const store of stores) store.calls[when] = hook;
  return () => {
    for (const store of stores) store.calls[when] = undefined;
    return failed;
  };
}

/** Does something before the n-th call of the stores together, once. */
export function atCall(
  stores: readonly { calls: { beforeCall: CallHook | undefined } }[],
  n: number,
  act: () => Promise<unknown> | undefined,
): () => boolean {
  let calls = 0;
  let reached = false;
  const stop = (): boolean => {
    for (const store of stores) store.calls.beforeCall = undefined;
    return reached;
  };
  const hook: CallHook = async () => {
    if (++calls !== n) return;
    reached = true;
    stop();
    await act();
  };
  for (const store of stores) store.calls.beforeCall = hook;
  return stop;
}
