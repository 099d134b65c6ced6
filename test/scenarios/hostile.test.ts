import type { Headers } from '../../lambda/core/object-properties';
import keys from '../fixtures/keys.json';
import { currentOf, historyOf } from '../support/bucket-state';
import { Rig } from './rig';

const MIB = 1024 * 1024;
const HEADERS: Headers = {
  'cache-control': 'max-age=1, no-transform',
  'content-disposition': 'attachment; filename="a b.txt"',
  'content-encoding': 'gzip',
  'content-language': 'de, en',
  'content-type': 'text/plain; charset=utf-8',
  expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
  'website-redirect-location': '/elsewhere',
};
const TAGS = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`ключ ${String(i)} 🦄`, `значение+${String(i)}=/@`]),
);
const pattern = (size: number, seed: number): Buffer =>
  Buffer.alloc(size, Buffer.from([seed, 1, 2, 3, 5, 8, 13, seed >>> 8, 255, 0]));

function hostileBucket(): Rig {
  const rig = new Rig({ pageSize: 7 });
  rig.s3.createBucket('src', { versioning: 'Disabled', ownership: 'ObjectWriter' });
  const acl = {
    owner: rig.s3.owner,
    grants: [
      { grantee: { id: rig.s3.owner }, permission: 'FULL_CONTROL' as const },
      { grantee: { id: 'a-friend' }, permission: 'READ_ACP' as const },
    ],
  };
  // Null versions of a time when the bucket was not versioned yet.
  keys
    .filter((_, i) => i % 3 === 0)
    .forEach((key, i) => rig.s3.put('src', key, `null ${String(i)}`, { headers: HEADERS }));
  rig.s3.setVersioning('src', 'Enabled');
  keys.forEach((key, i) => {
    if (i % 2 === 0) rig.s3.advance(1);
    for (let version = 0; version < 3; version++)
      rig.s3.put('src', key, `${key} v${String(version)}`, {
        tags: version === 1 ? TAGS : {},
        acl: i % 4 === 0 ? acl : undefined,
        userMetadata: { n: String(version), 'x-y': '=?UTF-8?Q?=C3=A9?=' },
      });
    if (i % 5 === 0) rig.s3.delete('src', key);
    if (i % 10 === 0) rig.s3.undelete('src', key);
    if (i % 7 === 0) {
      rig.s3.delete('src', key);
      rig.s3.put('src', key, 'after the marker');
    }
  });
  [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB].forEach((size, i) =>
    rig.s3.put('src', `size/${String(size)}`, pattern(size, i), { headers: HEADERS, tags: TAGS }),
  );
  rig.s3.put('src', 'folder/', '');
  rig.s3.advance(1);
  return rig;
}

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
