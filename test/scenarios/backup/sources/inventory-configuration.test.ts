import type { BucketInventory } from '../../../../lambda/adapters/bucket-inventory';
import { vaultInventory } from '../../../../lambda/core/inventory/place';
import { StoreError } from '../../../../lambda/ports/object-store';
import { currentOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { Rig, SCRATCH } from '../../support/rig';

/** Reports of configurations that this vault did not make, or not like that. */
const INVENTORY = { bucket: 'src', source: 'inventory' };
const restoreNow = { sourceBucket: 'src', destinationBucket: 'now', createBucket: true };
const { id } = vaultInventory(SCRATCH);

function filled(): Rig {
  const rig = new Rig();
  rig.s3.createBucket('src');
  for (const key of ['a', 'b/1', 'b/2']) rig.s3.put('src', key, key);
  rig.s3.advance(10);
  return rig;
}

/** Someone has limited our configuration to some keys, and S3 has made a report of it. */
function limited(): Rig {
  const rig = filled();
  deliverReport(rig.s3, 'src', SCRATCH);
  const { inventories } = rig.s3.bucket('src');
  inventories.set(id, { ...(inventories.get(id) as BucketInventory), filter: 'b/' });
  deliverReport(rig.s3, 'src', SCRATCH, {
    change: (records) => records.filter((record) => record['Key']?.startsWith('b/')),
  });
  return rig;
}

async function expectAll(rig: Rig): Promise<void> {
  await rig.restore(restoreNow);
  expect(currentOf(rig.s3, 'now')).toEqual(currentOf(rig.s3, 'src'));
}

test('a report of some keys is not believed, not even once the configuration is right', async () => {
  const rig = limited();
  const tooEarly = {
    name: 'NoInventory',
    message: expect.stringMatching(/before this vault configured the inventory at 2.*wait for the next/) as string,
  };
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject(tooEarly);
  expect(rig.s3.bucket('src').inventories.get(id)?.filter).toBeUndefined();
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject(tooEarly);
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ source: 'listing', objects: 3 });
  deliverReport(rig.s3, 'src', SCRATCH);
  expect(await rig.backup(INVENTORY)).toMatchObject({ source: 'inventory', objects: 3 });
  await expectAll(rig);
});

test('nor when the job that makes it right is cut off in between', async () => {
  const rig = limited();
  const { buckets } = rig.ports;
  const ensure = buckets.ensureInventory.bind(buckets);
  buckets.ensureInventory = async (...args) => {
    await ensure(...args);
    throw new StoreError('unavailable', 'the answer is lost');
  };
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject({ code: 'unavailable' });
  await expect(rig.backup(INVENTORY)).rejects.toMatchObject({ name: 'NoInventory' });
});

test.each(['is limited', 'is gone', 'may not be looked at'])('auto lists when the configuration %s', async (what) => {
  const rig = what === 'is limited' ? limited() : filled();
  if (what !== 'is limited') deliverReport(rig.s3, 'src', SCRATCH);
  if (what === 'is gone') rig.s3.bucket('src').inventories.clear();
  if (what === 'may not be looked at')
    rig.ports.buckets.hasInventory = () => Promise.reject(new StoreError('access-denied', 'no'));
  expect(await rig.backup({ bucket: 'src', maxSourceAgeMinutes: 120 })).toMatchObject({
    source: 'listing',
    objects: 3,
  });
  await expectAll(rig);
});

test('a configuration of CSV reports is as good', async () => {
  const rig = filled();
  deliverReport(rig.s3, 'src', SCRATCH);
  const { inventories } = rig.s3.bucket('src');
  inventories.set(id, { ...(inventories.get(id) as BucketInventory), format: 'CSV' });
  expect(await rig.backup(INVENTORY)).toMatchObject({ source: 'inventory', objects: 3 });
  expect(inventories.get(id)).toMatchObject({ format: 'CSV' });
});
