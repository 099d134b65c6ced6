import keys from '../../fixtures/keys.json';
import { currentOf, historyOf } from '../../support/bucket-state';
import { HEADERS, hostileBucket, MIB } from '../support/hostile-bucket';
import { Rig } from '../support/rig';

test('hostile keys, sizes, versions, markers and null versions survive byte for byte', async () => {
  const rig = hostileBucket();
  const output = await rig.backup({ bucket: 'src' });
  expect(output).toMatchObject({ status: 'COMPLETED', skipped: {} });
  expect(
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'all', createBucket: true, versions: 'all' }),
  ).toMatchObject({ status: 'COMPLETED', failed: 0 });
  expect(historyOf(rig.s3, 'all')).toEqual(historyOf(rig.s3, 'src'));
  expect(await rig.restore({ sourceBucket: 'src', destinationBucket: 'now', createBucket: true })).toMatchObject({
    status: 'COMPLETED',
    failed: 0,
  });
  expect(currentOf(rig.s3, 'now')).toEqual(currentOf(rig.s3, 'src'));
  expect(rig.s3.find('now', `size/${String(MIB)}`).headers).toEqual(HEADERS);
});

test('every hostile key can be named on its own', async () => {
  const rig = hostileBucket();
  await rig.backup({ bucket: 'src' });
  const live = rig.s3.keys('src').filter((key) => keys.includes(key));
  const output = await rig.restore({
    sourceBucket: 'src',
    destinationBucket: 'dst',
    createBucket: true,
    items: keys.map((key) => ({ key })),
  });
  expect(output).toMatchObject({ restored: live.length, skipped: { marker: keys.length - live.length } });
  expect(rig.s3.keys('dst')).toEqual(live);
  rig.s3.createBucket('lists');
  rig.s3.put('lists', 'l', keys.map((key) => JSON.stringify({ key })).join('\n'));
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst2', createBucket: true, itemsFile: 's3://lists/l' });
  expect(rig.s3.keys('dst2')).toEqual(live);
});

test('a page of nothing but delete markers, and a bucket that has nothing else, are no end of the run', async () => {
  const rig = new Rig({ pageSize: 3 });
  rig.s3.createBucket('src');
  for (let i = 0; i < 10; i++) rig.s3.delete('src', `gone/${String(i)}`);
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', objects: 0, versions: 0 });
  rig.s3.put('src', 'zzz', 'still found');
  rig.s3.advance(1);
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ objects: 1, stored: 1 });
});

test('an empty bucket has recovery points too', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', objects: 0 });
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', objects: 0 });
  expect(await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true })).toMatchObject({
    status: 'COMPLETED',
    restored: 0,
  });
});
