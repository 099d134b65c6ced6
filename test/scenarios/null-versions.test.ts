import { historyOf } from '../support/bucket-state';
import { pick, randomOf } from '../support/dice';
import { Rig } from './rig';

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
  for (let seed = 0; seed < 30; seed++) {
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
