import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { Rig, VAULT } from '../../support/rig';

/** Four versions of one key, each in a pack of its own; the body of one is damaged in the vault. */
async function withDamaged(version: string, remaining = Number.POSITIVE_INFINITY): Promise<Rig> {
  const rig = new Rig({ deadline: new ManualDeadline() });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  for (const body of ['v1', 'v2', 'v3', 'v4']) {
    rig.s3.put('src', 'k', body);
    if (body === 'v2') rig.s3.delete('src', 'k');
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src' });
  }
  for (const key of rig.s3.keys(VAULT, 'packs/')) {
    const body = Buffer.from(rig.s3.find(VAULT, key).body);
    if (!body.toString('latin1').startsWith(version)) continue;
    body[0] = 0;
    rig.s3.corrupt(VAULT, key, { body });
  }
  rig.deadline.remaining = remaining;
  return rig;
}
const bodies = (rig: Rig): string[] =>
  rig.s3.history('dst', 'k').map((version) => (version.isMarker ? 'x' : Buffer.from(version.body).toString()));

test.each([Number.POSITIVE_INFINITY, 0])(
  'a damaged older version is left out and said, with time left: %s',
  async (remaining) => {
    const rig = await withDamaged('v1', remaining);
    const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' });
    expect(output).toMatchObject({ status: 'PARTIAL', restored: 3, failed: 1, deleted: 1 });
    expect(bodies(rig)).toEqual(['v4', 'v3', 'x', 'v2']);
  },
);

test('a large version that the vault has lost ends no key in circles, though others are equal to what was there', async () => {
  const rig = new Rig({ settings: { packThreshold: 4, copyPartSize: 2 }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  for (const body of ['L'.repeat(20), 'v1', 'v1']) rig.s3.put('src', 'k', body);
  rig.s3.advance(1);
  await rig.backup({ bucket: 'src' });
  rig.s3.put('dst', 'k', 'v1');
  const [lost = ''] = rig.s3.keys(VAULT, 'objects/');
  rig.s3.deleteVersion(VAULT, lost, rig.s3.find(VAULT, lost).versionId);
  rig.s3.advance(5);
  rig.deadline.remaining = 0;
  const output = await rig.restore({
    sourceBucket: 'src',
    destinationBucket: 'dst',
    versions: 'all',
    onExisting: 'overwrite',
  });
  expect(output).toMatchObject({ status: 'PARTIAL', failed: 1 });
  expect(rig.turns.restore).toBeLessThan(5);
});

test('without its newest body nothing of a key is written: no older one passes as current', async () => {
  const rig = await withDamaged('v4');
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 4 });
  expect(bodies(rig)).toEqual([]);
});

test('a live writer with the same bytes but other metadata is not taken for this job', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  rig.s3.put('src', 'k', 'body', { tags: { a: 'b' }, userMetadata: { m: '1' } });
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  rig.destination.calls.beforeCall = ({ operation }) => {
    if (operation === 'PutObject' && rig.s3.keys('dst').length === 0)
      rig.s3.put('dst', 'k', 'body', { checksum: 'SHA256' });
  };
  expect(await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' })).toMatchObject({
    status: 'PARTIAL',
    restored: 0,
    skipped: { 'precondition-failed': 1 },
  });
});

test('a live writer between two delete markers is not hidden by the second', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  rig.s3.put('src', 'k', 'v1');
  for (let i = 0; i < 2; i++) {
    rig.s3.advance(1);
    rig.s3.delete('src', 'k');
  }
  rig.s3.advance(10);
  await rig.backup({ bucket: 'src' });
  rig.destination.calls.afterCall = ({ operation }) => {
    if (operation === 'DeleteObject') rig.s3.put('dst', 'k', 'LIVE');
  };
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 1, deleted: 1 });
  expect(rig.s3.text('dst', 'k')).toBe('LIVE');
});

test('a commit that the catalog knows and the vault has lost is damage, for restores and for the next backup', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c']) {
    rig.s3.put('src', key, key);
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src' });
  }
  rig.s3.delete(VAULT, rig.s3.keys(VAULT, 'buckets/src/timeline/').at(-1) ?? '');
  const damaged = { name: 'VaultDamaged', message: expect.stringContaining('commit 3') as string };
  await expect(
    rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true }),
  ).rejects.toMatchObject(damaged);
  await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject(damaged);
});

describe('a manifest that was changed and is still valid', () => {
  const changed = async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'a', 'a');
    rig.s3.advance(10);
    const { recoveryPointId } = await rig.backup({ bucket: 'src', deleteAfterDays: 35 });
    const name = rig.s3.keys(VAULT, 'buckets/src/timeline/')[0] ?? '';
    const text = rig.s3.text(VAULT, name) ?? '';
    rig.s3.put(VAULT, name, text.replace(/"deleteAt":"20/, '"deleteAt":"21'));
    expect(rig.s3.text(VAULT, name)).not.toBe(text);
    return { rig, recoveryPointId };
  };
  const damaged = {
    name: 'VaultDamaged',
    message: expect.stringMatching(/SHA-256.*restore an earlier version/) as string,
  };

  test('is damage to the next backup, which stores nothing', async () => {
    const { rig } = await changed();
    rig.s3.put('src', 'b', 'b');
    rig.s3.advance(10);
    const before = rig.s3.keys(VAULT);
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject(damaged);
    expect(rig.s3.keys(VAULT)).toEqual(before);
    expect(await rig.catalog.getLock('src')).toBeUndefined();
  });

  test('is damage to a restore, of the latest recovery point and of a named one', async () => {
    const { rig, recoveryPointId } = await changed();
    const request = { sourceBucket: 'src', destinationBucket: 'dst' };
    rig.s3.createBucket('dst');
    await expect(rig.restore(request)).rejects.toMatchObject(damaged);
    await expect(rig.restore({ ...request, recoveryPointId })).rejects.toMatchObject(damaged);
    expect(rig.s3.keys('dst')).toEqual([]);
  });

  test('is right again once its older version is back', async () => {
    const { rig } = await changed();
    const name = rig.s3.keys(VAULT, 'buckets/src/timeline/')[0] ?? '';
    rig.s3.deleteVersion(VAULT, name, rig.s3.versions(VAULT).find((version) => version.key === name)?.versionId ?? '');
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', reused: 1 });
  });

  test('cannot be told by a catalog that was lost', async () => {
    const { rig } = await changed();
    const point = (await rig.catalog.listRecoveryPoints({ bucket: 'src' })).items[0];
    if (!point) throw new Error('there is no recovery point');
    await rig.catalog.putRecoveryPoint({ ...point, manifestSha256: undefined });
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED' });
  });
});

test.each(['', '{', '{}', 'null', '[]', '{"format":0}', '{"format":"1"}'])(
  'vault.json that reads %j is damage',
  async (text) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put(VAULT, 'vault.json', text);
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'VaultDamaged' });
  },
);

describe('versions of one second under CURRENT', () => {
  test('an undelete in the second of the marker is seen', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'body');
    rig.s3.delete('src', 'k');
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src', versions: 'CURRENT' });
    rig.s3.undelete('src', 'k');
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src', versions: 'CURRENT' });
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.text('dst', 'k')).toBe('body');
  });

  test('a newer version of the same second that is gone does not come back', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'old');
    const newer = rig.s3.put('src', 'k', 'new');
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src', versions: 'CURRENT' });
    rig.s3.deleteVersion('src', 'k', newer);
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src', versions: 'CURRENT' });
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.text('dst', 'k')).toBe('old');
  });

  test('order survives when a version between two others goes before anybody stored it', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'v1');
    const middle = rig.s3.put('src', 'k', 'v2');
    rig.s3.put('src', 'k', 'v3');
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src', versions: 'CURRENT' });
    rig.s3.deleteVersion('src', 'k', middle);
    rig.s3.advance(10);
    await rig.backup({ bucket: 'src' });
    const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect([rig.s3.text('dst', 'k'), output.exact]).toEqual(['v3', true]);
  });
});
