import { historyOf } from '../../../support/bucket-state';
import { pick, randomOf } from '../../../support/dice';
import { seeds } from '../../../support/seeds';
import { Rig } from '../../support/rig';

/** Null versions and null delete markers replace each other while versioning is suspended, in between backups. */
test.each([false, true])(
  'an object that took the place of a null delete marker is restored (over an object: %s)',
  async (over) => {
    const rig = new Rig();
    rig.s3.createBucket('src', { versioning: 'Suspended' });
    if (over) rig.s3.put('src', 'k', 'first');
    rig.s3.delete('src', 'k');
    rig.s3.setVersioning('src', 'Enabled');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    rig.s3.setVersioning('src', 'Suspended');
    rig.s3.put('src', 'k', 'in its place');
    rig.s3.setVersioning('src', 'Enabled');
    rig.s3.advance(5);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1, removed: 1 });
    const restored = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(restored).toMatchObject({ status: 'COMPLETED', restored: 1, skipped: {} });
    expect(rig.s3.text('dst', 'k')).toBe('in its place');
  },
);

test('whatever takes the place of a null version, every recovery point gives back what was there', async () => {
  for (const seed of seeds(30)) {
    const random = randomOf(seed);
    const rig = new Rig({ settings: { packThreshold: 8, copyPartSize: 4 } });
    rig.s3.createBucket('src', { versioning: pick(random, ['Disabled', 'Suspended', 'Enabled']) });
    const points = [];
    for (let job = 0; job < 4; job++) {
      for (let step = Math.floor(random() * 6); step > 0; step--) {
        if (random() < 0.5) rig.s3.advance(1);
        const key = pick(random, ['a', 'b']);
        if (random() < 0.3) rig.s3.setVersioning('src', pick(random, ['Suspended', 'Enabled']));
        const victim = pick(random, [undefined, ...rig.s3.history('src', key)]);
        if (random() < 0.6) rig.s3.put('src', key, pick(random, ['x', 'y', 'one that is copied']));
        else if (random() < 0.7 || !victim) rig.s3.delete('src', key);
        else rig.s3.deleteVersion('src', key, victim.versionId);
      }
      rig.s3.setVersioning('src', 'Enabled');
      rig.s3.advance(2);
      const { recoveryPointId, status } = await rig.backup({ bucket: 'src' });
      points.push({ recoveryPointId, status, then: historyOf(rig.s3, 'src') });
      rig.s3.advance(2);
    }
    for (const { recoveryPointId, status, then } of points) {
      const destinationBucket = `dst-${recoveryPointId.slice(-1)}`;
      const request = { sourceBucket: 'src', recoveryPointId, destinationBucket, createBucket: true, versions: 'all' };
      const restored = await rig.restore(request);
      const facts = { seed, recoveryPointId };
      expect({ ...facts, status, restored: restored.status }).toEqual({
        ...facts,
        status: 'COMPLETED',
        restored: 'COMPLETED',
      });
      expect({ ...facts, found: historyOf(rig.s3, destinationBucket) }).toEqual({ ...facts, found: then });
    }
  }
});

/** Suspended for a moment, so that the object takes the place of the null version. */
function replaceNull(rig: Rig, ...[body, options]: [string, Parameters<Rig['s3']['put']>[3]]): void {
  rig.s3.setVersioning('src', 'Suspended');
  rig.s3.put('src', 'k', body, options);
  rig.s3.setVersioning('src', 'Enabled');
}

function withNullVersion(ownership?: 'ObjectWriter'): Rig {
  const rig = new Rig();
  rig.s3.createBucket('src', { versioning: 'Disabled', ownership });
  rig.s3.put('src', 'k', 'body', { tags: { name: 'old' } });
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(5);
  return rig;
}

test.each([
  ['GetObjectTagging', undefined],
  ['GetObjectAcl', 'ObjectWriter'],
] as const)('tags and ACL of a null version are not those of what replaces it before %s', async (wanted, ownership) => {
  for (const body of ['body', 'another']) {
    const rig = withNullVersion(ownership);
    let replaced = false;
    rig.source.calls.beforeCall = ({ operation }) => {
      if (replaced || operation !== wanted) return;
      replaced = true;
      replaceNull(rig, body, { tags: { name: 'new' } });
    };
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'PARTIAL', skipped: { 'version-gone': 1 } });
    rig.s3.advance(5);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1 });
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.text('dst', 'k')).toBe(body);
    expect(rig.s3.find('dst', 'k')).toMatchObject({ tags: { name: 'new' } });
  }
});

test('nor are they read again from it', async () => {
  const rig = withNullVersion();
  const { recoveryPointId } = await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  rig.source.calls.beforeCall = ({ operation }) => {
    if (operation === 'GetObjectTagging') replaceNull(rig, 'body', { tags: { name: 'new' } });
  };
  const full = await rig.backup({ bucket: 'src', metadata: 'FULL' });
  rig.source.calls.beforeCall = undefined;
  for (const [index, id] of [recoveryPointId, full.recoveryPointId].entries()) {
    const request = { sourceBucket: 'src', recoveryPointId: id, destinationBucket: `dst-${index}`, createBucket: true };
    await rig.restore(request);
    expect(rig.s3.find(`dst-${index}`, 'k')).toMatchObject({ tags: { name: 'old' } });
  }
});

test('a null version that HEAD dates otherwise than the listing gets its new tags too', async () => {
  const rig = withNullVersion();
  for (const operation of ['head', 'get'] as const) {
    const read = rig.source[operation].bind(rig.source) as (...args: unknown[]) => Promise<{ lastModified: number }>;
    const later = async (...args: unknown[]) => {
      const answer = await read(...args);
      return { ...answer, lastModified: answer.lastModified + 1 };
    };
    Object.assign(rig.source, { [operation]: later });
  }
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1 });
  rig.s3.setTags('src', 'k', { name: 'new' });
  rig.s3.advance(5);
  expect(await rig.backup({ bucket: 'src', metadata: 'FULL' })).toMatchObject({ status: 'COMPLETED', stored: 0 });
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect(rig.s3.find('dst', 'k')).toMatchObject({ tags: { name: 'new' } });
});
