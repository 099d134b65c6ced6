import { Rig, VAULT } from '../../support/rig';

/** Histories that end in a delete marker: no older version shows as current, whatever is left out. */
function filled(): Rig {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  return rig;
}
const found = (rig: Rig): string[] =>
  rig.s3
    .history('dst', 'k')
    .map((version) => (version.isMarker ? 'x' : Buffer.from(version.body).toString()))
    .reverse();

/** Backs up `old`, `new` and a delete marker, and damages the pack of each of the bodies that are named. */
async function damagedUnderMarker(damaged: readonly string[]): Promise<Rig> {
  const rig = filled();
  for (const body of ['old', 'new']) {
    rig.s3.put('src', 'k', body);
    rig.s3.advance(2);
    await rig.backup({ bucket: 'src' });
  }
  rig.s3.delete('src', 'k');
  rig.s3.advance(2);
  await rig.backup({ bucket: 'src' });
  for (const key of rig.s3.keys(VAULT, 'packs/')) {
    const body = Buffer.from(rig.s3.find(VAULT, key).body);
    if (!damaged.some((text) => body.toString('latin1').startsWith(text))) continue;
    body[0] = 0;
    rig.s3.corrupt(VAULT, key, { body });
  }
  return rig;
}

test.each<{ history: readonly string[]; restored: readonly string[] }>([
  { history: ['old', 'NEW', 'x'], restored: ['old', 'x'] },
  { history: ['old', 'x', 'NEW', 'x'], restored: ['old', 'x', 'x'] },
  { history: ['old', 'NEW'], restored: [] },
  { history: ['NEW', 'x'], restored: [] },
])('of $history, whose NEW was never stored, $restored is restored', async ({ history, restored }) => {
  const rig = filled();
  for (const body of history) {
    if (body === 'x') rig.s3.delete('src', 'k');
    else rig.s3.put('src', 'k', body, body === 'NEW' ? { storageClass: 'GLACIER' } : {});
    rig.s3.advance(1);
  }
  const lost = rig.s3.history('src', 'k').find(({ storageClass }) => storageClass === 'GLACIER')?.versionId;
  rig.s3.advance(2);
  await rig.backup({ bucket: 'src' });
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' });
  expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'not-stored': 1 }, failed: 0 });
  expect(found(rig)).toEqual(restored);
  const line = { key: 'k', outcome: 'skipped', reason: 'not-stored' };
  expect(rig.reportLines()).toContainEqual(restored.length > 0 ? { ...line, versionId: lost } : line);
});

test.each<{ damaged: readonly string[]; restored: readonly string[] }>([
  { damaged: ['new'], restored: ['old', 'x'] },
  { damaged: ['old', 'new'], restored: [] },
])('of a history whose $damaged is damaged in the vault $restored is restored', async ({ damaged, restored }) => {
  const rig = await damagedUnderMarker(damaged);
  const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' });
  expect(output).toMatchObject({ status: 'PARTIAL', failed: damaged.length });
  expect(found(rig)).toEqual(restored);
});
