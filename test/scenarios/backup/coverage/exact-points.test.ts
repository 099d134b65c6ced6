import { fromIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { Rig } from '../../support/rig';

const HOUR = 3600;

/** A bucket with continuous backup; answers whether a recovery point that is made of changes, and shows an instant before the last changes, is exact. */
async function exactnessAfter(seconds: number, change: (client: LiveBucket, rig: Rig, id: string) => Promise<unknown>) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  rig.s3.advance(HOUR);
  const id = client.put('a', 'body', { tags: { n: 'first' } });
  rig.s3.advance(10);
  expect(await rig.capture(client.take())).toEqual([]);
  rig.s3.advance(300);
  const last = await change(client, rig, id);
  rig.s3.advance(seconds);
  const { source, recoveryPointId, asOf } = await rig.backup({ bucket: 'src', source: 'changes' });
  expect(source).toBe('changes');
  const request = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, recoveryPointId };
  const { exact, doubts } = await rig.restore(request);
  return { exact, doubts, asOf: fromIso(asOf), last };
}

test('a recovery point of changes is exact when all is known', async () => {
  const { exact } = await exactnessAfter(1200, async (client, rig, id) => {
    client.tag('a', id, { n: 'second' });
    rig.s3.advance(10);
    expect(await rig.capture(client.take())).toEqual([]);
  });
  expect(exact).toBe(true);
});

test.each(['tags were changed again, and nobody had read them before', 'a version was deleted that nobody knows'])(
  'a recovery point of changes is not said to be exact when %s',
  async (what) => {
    // Who was late once may be late again: the instant that is shown is earlier for it.
    const seconds = what.startsWith('tags') ? 1440 : 1200;
    const { exact, doubts, asOf, last } = await exactnessAfter(seconds, async (client, rig, id) => {
      if (what.startsWith('tags')) client.tag('a', id, { n: 'second' });
      const unknown = what.startsWith('tags') ? undefined : client.put('b', 'nobody is told');
      const told = unknown === undefined ? client.take() : [];
      client.take();
      // What the recovery point shows lies between.
      rig.s3.advance(240);
      if (unknown === undefined) client.tag('a', id, { n: 'third' });
      else client.deleteVersion('b', unknown);
      const time = rig.s3.now;
      rig.s3.advance(6);
      expect(await rig.capture([...told, ...client.take()])).toEqual([]);
      return time;
    });
    expect(asOf).toBeLessThan(last as number);
    expect(exact).toBe(false);
    expect(doubts).toEqual({ [what.startsWith('tags') ? 'tags' : 'unknown-version']: 1 });
  },
);
