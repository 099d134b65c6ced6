import { readPackFooter } from '../../lambda/core/history/files/pack';
import { Rig, VAULT } from '../scenarios/support/rig';
import type { GoldenVault } from './golden';
import pages from './v1-pages/vault.json';
import plain from './v1/vault.json';

/** Vaults outlive releases: what release 0.1 wrote must be read by every later one, byte for byte. */
describe.each<[string, GoldenVault]>([
  ['v1', plain],
  ['v1 with an index in pages', pages],
])('a golden vault of format %s', (_, golden) => {
  function opened(): Rig {
    const rig = new Rig();
    for (const [key, body] of Object.entries(golden.objects)) rig.s3.put(VAULT, key, Buffer.from(body, 'base64'));
    return rig;
  }

  test('restores its latest recovery point', async () => {
    const rig = opened();
    const output = await rig.restore({
      sourceBucket: 'src',
      destinationBucket: 'dst',
      createBucket: true,
      versions: 'all',
    });
    expect(output).toMatchObject({ status: 'COMPLETED', recoveryPointId: 'src/00000000000000000002', restored: 6 });
    expect(rig.s3.keys('dst')).toEqual(['copied', 'null', 'parts', 'é/\u{1f984}']);
    expect(rig.s3.history('dst', 'null').map((version) => Buffer.from(version.body).toString())).toEqual([
      'over the null version',
      'a null version',
    ]);
    expect(rig.s3.find('dst', 'é/\u{1f984}')).toMatchObject({ tags: { ключ: 'значение' }, userMetadata: { n: '1' } });
    expect(rig.s3.text('dst', 'copied')).toBe('changed');
    expect(rig.s3.find('dst', 'parts').tags).toEqual({ later: 'yes' });
    expect(rig.s3.text('dst', 'parts')).toBe('p'.repeat(150));
  });

  test('restores an older one', async () => {
    const rig = opened();
    await rig.restore({
      sourceBucket: 'src',
      recoveryPointId: 'src/00000000000000000001',
      destinationBucket: 'dst',
      createBucket: true,
      versions: 'all',
    });
    expect(rig.s3.text('dst', 'copied')).toBe('c'.repeat(65));
    expect(rig.s3.find('dst', 'parts').tags).toEqual({});
    expect(rig.s3.history('dst', 'gone').map((version) => version.isMarker)).toEqual([true, false]);
  });

  test('its packs say what they hold without any index', () => {
    const packs = Object.entries(golden.objects).filter(([key]) => key.startsWith('packs/'));
    const rows = packs.flatMap(([, body]) => readPackFooter(Buffer.from(body, 'base64')));
    expect(rows.map((row) => row.key).sort()).toEqual(['copied', 'gone', 'null', 'null', 'é/\u{1f984}']);
  });

  test('a new backup builds on it', async () => {
    const rig = opened();
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    rig.s3.put('src', 'new', 'n');
    rig.s3.advance(600);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({
      recoveryPointId: 'src/00000000000000000003',
      stored: 1,
    });
  });
});

test('the one with pages has some, and an earlier release refuses it by the format of its manifests', () => {
  const manifests = Object.entries((pages as GoldenVault).objects).filter(([key]) => key.includes('/timeline/'));
  expect(manifests).toHaveLength(2);
  for (const [, body] of manifests)
    expect(JSON.parse(Buffer.from(body, 'base64').toString())).toMatchObject({
      format: 2,
      pages: expect.anything() as unknown,
    });
});
