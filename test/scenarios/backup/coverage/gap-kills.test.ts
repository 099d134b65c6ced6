import { toIso } from '../../../../lambda/core/values/instant';
import { StoreError } from '../../../../lambda/ports/object-store';
import { LiveBucket } from '../../../support/live-bucket';
import { Rig } from '../../support/rig';

const HOUR = 3600;
const KEYS = ['a', 'b', 'c'];

/** A bucket whose events were off for a while, in which the tags of `a` were changed. */
async function interrupted() {
  const rig = new Rig({ settings: { startSeconds: 300 } });
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  for (const key of KEYS) client.put(key, 'body', { tags: { n: 'first' } });
  const change = (key: string): void => {
    client.tag(key, rig.s3.find('src', key).versionId, { n: 'unseen' });
    client.take();
  };
  const upkeep = () => rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  await upkeep();
  rig.s3.advance(HOUR);
  await upkeep();
  rig.s3.bucket('src').notifications.eventBridge = false;
  change('a');
  rig.s3.advance(HOUR);
  const tagsAt = async (instant: number, destinationBucket: string) => {
    const request = { sourceBucket: 'src', pointInTime: toIso(instant), destinationBucket };
    const { exact } = await rig.restore({ ...request, createBucket: true });
    return { exact, tags: KEYS.map((key) => rig.s3.find(destinationBucket, key).tags.n) };
  };
  return { rig, change, upkeep, tagsAt };
}

describe.each(['beforeCall', 'afterCall'] as const)(
  'an upkeep after a gap whose n-th call fails (%s), for every n',
  (when) => {
    test.each(['by the state machine', 'by another job a minute later'])(
      'and is repeated %s: nothing is called exact before what was missed is read',
      async (by) => {
        for (let n = 1; ; n++) {
          const { rig, change, upkeep, tagsAt } = await interrupted();
          let calls = 0;
          const stores = [rig.source, rig.scratchStore, rig.vaultStore];
          for (const store of stores)
            store.calls[when] = () => {
              if (++calls === n) throw new StoreError('unavailable', `call ${String(n)} fails`);
            };
          rig.retries = by === 'by the state machine' ? 1 : 0;
          rig.whileWaiting = () => {
            change('b');
            return Promise.resolve();
          };
          const isDone = await upkeep().then(
            () => true,
            () => false,
          );
          for (const store of stores) store.calls[when] = undefined;
          if (calls < n) break;
          rig.whileWaiting = undefined;
          if (!isDone) {
            rig.s3.advance(60);
            await upkeep();
            // S3 may not send events yet.
            if (rig.waited.length < 2) change('c');
          }
          const days = async (count: number): Promise<void> => {
            for (let day = 0; day < count; day++) {
              rig.s3.advance(24 * HOUR);
              await upkeep();
            }
          };
          rig.s3.advance(6 * HOUR);
          await upkeep();
          const instants = [Math.floor(rig.s3.now) + HOUR];
          await days(2);
          instants.push(Math.floor(rig.s3.now) + HOUR);
          await days(2);
          const missed = KEYS.map((key) => rig.s3.find('src', key).tags.n);
          const found = [await tagsAt(instants[0] ?? 0, 'first'), await tagsAt(instants[1] ?? 0, 'second')];
          for (const { exact, tags } of found) if (exact) expect([n, tags]).toEqual([n, missed]);
          expect([n, found.at(-1)?.exact]).toEqual([n, true]);
        }
      },
    );
  },
);
