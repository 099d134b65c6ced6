import { manifestKey } from '../../../../lambda/contract/layout';
import { decodeManifest, type Manifest } from '../../../../lambda/core/history/manifest';
import { Vault } from '../../../../lambda/usecases/vault/vault';
import { currentOf, historyOf } from '../../../support/bucket-state';
import { Rig, VAULT } from '../../support/rig';

const KEYS = Array.from({ length: 40 }, (_, i) => `k/${String(i).padStart(2, '0')}`);

/** Backups of a bucket whose ranges are of four objects, and pages of three segments. */
async function paged(): Promise<Rig> {
  const rig = new Rig({ settings: { rangeWeight: 4, pageSegments: 3, listingUnitRows: 10 } });
  rig.s3.createBucket('src');
  for (const key of KEYS) rig.s3.put('src', key, `body of ${key}`);
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src' });
  return rig;
}

const manifestOf = (rig: Rig, seq: number): Manifest =>
  decodeManifest(rig.s3.find(VAULT, manifestKey('src', seq)).body, String(seq));
const pagesOf = (rig: Rig, seq: number) => {
  const { history } = manifestOf(rig, seq);
  return 'pages' in history ? history.pages : [];
};
const restoreAll = (rig: Rig, seq: number, destinationBucket: string) =>
  rig.restore({
    sourceBucket: 'src',
    recoveryPointId: `src/${String(seq).padStart(20, '0')}`,
    destinationBucket,
    createBucket: true,
    versions: 'all',
  });
/** A Lambda that has read nothing yet. */
const forget = (rig: Rig): void => {
  Object.assign(rig.ports, { vault: new Vault(rig.vaultStore, VAULT) });
};

test('a job writes the pages that it changes, and keeps the others', async () => {
  const rig = await paged();
  const first = pagesOf(rig, 1);
  expect(first.length).toBeGreaterThan(2);
  const written = (): number => rig.s3.keys(VAULT, 'buckets/src/index/').length;
  expect(written()).toBe(first.length);

  rig.s3.put('src', 'k/20', 'changed');
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src' });
  const kept = pagesOf(rig, 2).filter((page) => first.some(({ name }) => name === page.name));
  expect(kept).toHaveLength(first.length - 1);
  expect(written()).toBe(first.length + pagesOf(rig, 2).length - kept.length);

  const before = written();
  await rig.backup({ bucket: 'src' });
  expect(pagesOf(rig, 3)).toEqual(pagesOf(rig, 2));
  expect(written()).toBe(before);
});

test('what a selection needs is read, and no other page', async () => {
  const rig = await paged();
  const pages = pagesOf(rig, 1).map(({ name }) => name);
  forget(rig);
  const read: string[] = [];
  const get = rig.vaultStore.get.bind(rig.vaultStore);
  rig.vaultStore.get = (options) => {
    if (options.key.includes('/index/')) read.push(options.key);
    return get(options);
  };
  // Planning cuts the whole; the workers read what is selected.
  await rig.restore({
    sourceBucket: 'src',
    destinationBucket: 'dst',
    createBucket: true,
    items: [{ key: 'k/39' }],
  });
  expect([...currentOf(rig.s3, 'dst').keys()]).toEqual(['k/39']);
  expect(read).toEqual([...pages]);
});

describe('a page that is', () => {
  test('damaged ends the restore, and what was there before still counts', async () => {
    const rig = await paged();
    const [, page] = pagesOf(rig, 1);
    rig.s3.corrupt(VAULT, page?.name ?? '');
    forget(rig);
    await expect(restoreAll(rig, 1, 'dst')).rejects.toMatchObject({
      name: 'VaultDamaged',
      message: `index page ${page?.name ?? ''} does not match its recorded SHA-256: restore an earlier version of that vault object`,
    });
  });

  test('missing ends a backup: nothing is committed', async () => {
    const rig = await paged();
    const [, page] = pagesOf(rig, 1);
    for (const { versionId } of rig.s3.versions(VAULT, page?.name ?? ''))
      rig.s3.deleteVersion(VAULT, page?.name ?? '', versionId);
    forget(rig);
    rig.s3.put('src', 'k/20', 'changed');
    rig.s3.advance(60);
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'VaultDamaged' });
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toHaveLength(1);
  });

  test('deleted by a marker, or there under another version, is read all the same', async () => {
    const rig = await paged();
    const [one, other] = pagesOf(rig, 1);
    rig.s3.delete(VAULT, one?.name ?? '');
    const { body, versionId } = rig.s3.find(VAULT, other?.name ?? '');
    rig.s3.put(VAULT, other?.name ?? '', Buffer.from(body).toString('utf8'));
    rig.s3.deleteVersion(VAULT, other?.name ?? '', versionId);
    forget(rig);
    await restoreAll(rig, 1, 'dst');
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  });
});

test('a manifest of many segments that an earlier release wrote is cut into pages by the next commit', async () => {
  const rig = new Rig({ settings: { rangeWeight: 4, pageSegments: 2_048 } });
  rig.s3.createBucket('src');
  for (const key of KEYS) rig.s3.put('src', key, `body of ${key}`);
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src' });
  expect(pagesOf(rig, 1)).toEqual([]);
  const all = historyOf(rig.s3, 'src');

  Object.assign(rig.ports.settings, { pageSegments: 3 });
  rig.s3.put('src', 'k/20', 'changed');
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src' });
  expect(pagesOf(rig, 2).length).toBeGreaterThan(2);
  await restoreAll(rig, 1, 'first');
  await restoreAll(rig, 2, 'second');
  expect(historyOf(rig.s3, 'first')).toEqual(all);
  expect(historyOf(rig.s3, 'second')).toEqual(historyOf(rig.s3, 'src'));
});

test('intervals of a listing do not overlap where a range was cut behind its segments', async () => {
  const rig = await paged();
  Object.assign(rig.ports.settings, { listingUnitRows: 3 });
  // The last range is cut into many, which all have its segments still, though these end before.
  const later = Array.from({ length: 40 }, (_, i) => `later/${String(i).padStart(2, '0')}`);
  rig.s3.advance(60);
  for (const key of later) rig.s3.put('src', key, key);
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src' });
  for (const key of [...KEYS, ...later]) rig.s3.put('src', key, 'changed');
  rig.s3.advance(60);
  const objects = KEYS.length + later.length;
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ objects, versions: 2 * objects });
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ objects, versions: 2 * objects });
});
