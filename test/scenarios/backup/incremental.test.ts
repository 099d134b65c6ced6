import { Rig, VAULT } from '../support/rig';

const SMALL = 25;

function filled(rig = new Rig()): Rig {
  rig.s3.createBucket('src');
  for (let i = 0; i < SMALL; i++) rig.s3.put('src', `small/${String(i)}`, `body ${String(i)}`);
  rig.s3.advance(10);
  return rig;
}

/** Names of the vault's objects, without their job: what a job added. */
const vaultKinds = (rig: Rig): Record<string, number> => {
  const kinds: Record<string, number> = {};
  for (const key of rig.s3.keys(VAULT)) {
    const kind = /^(packs|objects)\//.exec(key)?.[1] ?? /^buckets\/[^/]+\/([^/]+)/.exec(key)?.[1] ?? key;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return kinds;
};

describe('requests and writes of a backup', () => {
  test('a small object without tags costs one GET and nothing else', async () => {
    const rig = filled();
    const { requests, stored, objects } = await rig.backup({ bucket: 'src' });
    expect({ requests, stored, objects }).toEqual({
      requests: { ListObjectsV2: 1, ListObjectVersions: 2, GetObject: SMALL },
      stored: SMALL,
      objects: SMALL,
    });
    // Twenty-five bodies in one pack, one segment with its file table, one manifest.
    expect(vaultKinds(rig)).toEqual({ 'vault.json': 1, packs: 1, segments: 2, timeline: 1, reports: 1 });
  });

  test('tags cost a request only where there are any, ACLs only where the bucket allows them', async () => {
    const rig = filled();
    rig.s3.put('src', 'tagged', 'x', { tags: { a: 'b' } });
    expect((await rig.backup({ bucket: 'src' })).requests).toEqual({
      // Of the first backup only: one to see that the bucket is not a vault's.
      ListObjectsV2: 1,
      // One to see whether the listing is worth cutting, one to list.
      ListObjectVersions: 2,
      GetObject: SMALL + 1,
      GetObjectTagging: 1,
    });
    rig.s3.createBucket('acls', { ownership: 'ObjectWriter' });
    rig.s3.put('acls', 'k', 'x');
    expect((await rig.backup({ bucket: 'acls' })).requests).toEqual({
      ListObjectsV2: 1,
      ListObjectVersions: 2,
      GetObject: 1,
      GetObjectAcl: 1,
    });
  });

  test('an incremental with nothing changed makes no object request and writes no body and no segment', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    const before = vaultKinds(rig);
    rig.s3.advance(3600);
    const { requests, stored, reused, recoveryPointId } = await rig.backup({ bucket: 'src' });
    expect({ requests, stored, reused }).toEqual({ requests: { ListObjectVersions: 1 }, stored: 0, reused: SMALL });
    expect(recoveryPointId).toBe('src/00000000000000000002');
    expect(vaultKinds(rig)).toEqual({ ...before, timeline: 2, reports: 2 });
  });

  test('with k changed objects an incremental stores k', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(60);
    rig.s3.put('src', 'small/3', 'changed');
    rig.s3.put('src', 'new', 'n');
    rig.s3.delete('src', 'small/4');
    const { stored, reused, removed, requests } = await rig.backup({ bucket: 'src' });
    expect({ stored, reused, removed }).toEqual({ stored: 2, reused: SMALL, removed: 0 });
    expect(requests).toEqual({ ListObjectVersions: 1, GetObject: 2 });
  });

  test('a large object is copied on the server side: its bytes pass no worker', async () => {
    const rig = filled(new Rig({ settings: { packThreshold: 100 } }));
    rig.s3.put('src', 'large', Buffer.alloc(101, 'l'));
    const { requests } = await rig.backup({ bucket: 'src' });
    expect(requests).toEqual({ ListObjectsV2: 1, ListObjectVersions: 2, GetObject: SMALL, HeadObject: 1 });
    expect(rig.vaultStore.counts().CopyObject).toBe(1);
    expect(vaultKinds(rig).objects).toBe(1);
  });

  test('removed versions are recorded, and older recovery points still have them', async () => {
    const rig = filled();
    const first = await rig.backup({ bucket: 'src' });
    rig.s3.advance(60);
    const gone = rig.s3.find('src', 'small/7');
    rig.s3.deleteVersion('src', 'small/7', gone.versionId);
    rig.s3.advance(60);
    expect((await rig.backup({ bucket: 'src' })).removed).toBe(1);
    expect((await rig.backup({ bucket: 'src' })).removed).toBe(0);
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'now', createBucket: true });
    await rig.restore({
      sourceBucket: 'src',
      recoveryPointId: first.recoveryPointId,
      destinationBucket: 'then',
      createBucket: true,
    });
    expect(rig.s3.keys('now')).toHaveLength(SMALL - 1);
    expect(rig.s3.text('then', 'small/7')).toBe('body 7');
  });

  test('a recovery point shows its instant: what was written later waits for the next job', async () => {
    const rig = filled();
    let listings = 0;
    rig.source.calls.beforeCall = ({ operation }) => {
      // The first listing of a bucket without history looks for the places to cut it.
      if (operation !== 'ListObjectVersions' || ++listings < 2) return;
      rig.s3.advance(5);
      rig.s3.put('src', 'small/1', 'too late');
    };
    const { stored } = await rig.backup({ bucket: 'src' });
    rig.source.calls.beforeCall = undefined;
    expect(stored).toBe(SMALL);
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.text('dst', 'small/1')).toBe('body 1');
    rig.s3.advance(5);
    expect((await rig.backup({ bucket: 'src' })).stored).toBe(1);
  });

  test('CURRENT stores current versions only, and records keys that are gone', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    for (const body of ['a1', 'a2']) rig.s3.put('src', 'a', body);
    rig.s3.advance(1);
    rig.s3.put('src', 'a', 'a3');
    rig.s3.put('src', 'b', 'b1');
    const b = rig.s3.find('src', 'b').versionId;
    expect(await rig.backup({ bucket: 'src', versions: 'CURRENT' })).toMatchObject({
      versions: 2,
      stored: 2,
      objects: 2,
    });
    rig.s3.advance(60);
    rig.s3.deleteVersion('src', 'b', b);
    rig.s3.deleteVersion('src', 'a', rig.s3.find('src', 'a').versionId);
    rig.s3.advance(60);
    expect(await rig.backup({ bucket: 'src', versions: 'CURRENT' })).toMatchObject({
      versions: 1,
      stored: 1,
      removed: 2,
    });
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.keys('dst')).toEqual(['a']);
    expect(rig.s3.text('dst', 'a')).toBe('a2');
  });

  test('metadata FULL reads tags and ACLs of known versions again, and stores only what changed', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(60);
    rig.s3.setTags('src', 'small/2', { later: 'yes' });
    const full = await rig.backup({ bucket: 'src', metadata: 'FULL' });
    expect(full).toMatchObject({ stored: 0, reused: SMALL, requests: { GetObjectTagging: SMALL } });
    const again = vaultKinds(rig).segments;
    await rig.backup({ bucket: 'src', metadata: 'FULL' });
    expect(vaultKinds(rig).segments).toBe(again);
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.find('dst', 'small/2').tags).toEqual({ later: 'yes' });
  });
});
