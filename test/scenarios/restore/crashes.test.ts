import { ManualDeadline } from '../../../lambda/adapters/memory';
import { StoreError } from '../../../lambda/ports/object-store';
import { currentOf, historyOf } from '../../support/bucket-state';
import { failCall, filled, SETTINGS } from '../support/crashes';
import { Rig } from '../support/rig';

const LARGE = 'seventeen letters';

describe.each(['beforeCall', 'afterCall'] as const)('a restore whose n-th call fails (%s), for every n', (when) => {
  test.each([1, 'all'] as const)('a restore of %s versions that is repeated writes nothing twice', async (versions) => {
    for (let n = 1; ; n++) {
      const rig = filled();
      await rig.backup({ bucket: 'src' });
      const stop = failCall(rig.stores, n, when);
      rig.retries = 1;
      const output = await rig.restore({
        sourceBucket: 'src',
        destinationBucket: 'dst',
        createBucket: true,
        versions,
      });
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'COMPLETED', restored: versions === 1 ? 4 : 9 });
      if (versions === 'all') expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
      else expect(currentOf(rig.s3, 'dst')).toEqual(currentOf(rig.s3, 'src'));
      expect(rig.s3.versions('dst')).toHaveLength(versions === 1 ? 4 : 10);
    }
  });
});

describe.each(['beforeCall', 'afterCall'] as const)('a restore over many turns whose n-th call fails (%s)', (when) => {
  const request = { sourceBucket: 'src', destinationBucket: 'dst', versions: 'all', onExisting: 'overwrite' };
  /** Versions of one key that are equal to each other and to what is there, markers, and large ones that go over turns. */
  async function restoring(): Promise<Rig> {
    const rig = new Rig({ settings: SETTINGS, deadline: new ManualDeadline() });
    rig.s3.createBucket('src');
    rig.s3.createBucket('dst');
    for (const key of ['b', 'c']) {
      rig.s3.put('src', key, `${key}1`, { tags: { k: key } });
      rig.s3.put('src', key, `${key}2`);
    }
    rig.s3.delete('src', 'b');
    for (const body of ['same', 'same', LARGE, LARGE, 'same']) rig.s3.put('src', 'k', body);
    rig.s3.delete('src', 'k');
    rig.s3.delete('src', 'k');
    rig.s3.put('src', 'k', 'last');
    rig.s3.put('dst', 'k', 'same');
    rig.s3.put('dst', 'c', 'c1');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(5);
    rig.deadline.remaining = 0;
    return rig;
  }
  const contents = (rig: Rig): string[][] =>
    rig.s3.keys('src').map((key) => rig.s3.history('dst', key).map((v) => (v.isMarker ? 'x' : v.body.toString())));

  test('ends as one that nothing happened to, for every n', async () => {
    const quiet = await restoring();
    await quiet.restore(request);
    for (let n = 1; ; n++) {
      const rig = await restoring();
      const stop = failCall(rig.stores, n, when);
      rig.retries = 1;
      const output = await rig.restore(request);
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'COMPLETED', failed: 0, skipped: {} });
      expect(contents(rig)).toEqual(contents(quiet));
      expect(rig.reportLines()).toHaveLength(quiet.reportLines().length);
    }
  });

  test('ends as one that nothing happened to, though versions are refused', async () => {
    const refusing = async (): Promise<Rig> => {
      const rig = await restoring();
      const put = rig.destination.put.bind(rig.destination);
      // As S3 does it: whatever the attempt, the same versions are refused.
      rig.destination.put = (options) =>
        options.bucket === 'dst' && ['b1', 'c2', 'last'].includes(Buffer.from(options.body).toString())
          ? Promise.reject(new StoreError('invalid', 'refused'))
          : put(options);
      return rig;
    };
    const quiet = await refusing();
    await quiet.restore(request);
    for (let n = 1; ; n++) {
      const rig = await refusing();
      const stop = failCall(rig.stores, n, when);
      rig.retries = 1;
      const output = await rig.restore(request);
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'PARTIAL', failed: 3, skipped: {} });
      expect(contents(rig)).toEqual(contents(quiet));
    }
  });
});
