import fc from 'fast-check';
import { ManualDeadline, type MemoryS3 } from '../../../lambda/adapters/memory';
import keys from '../../fixtures/keys.json';
import { currentOf, historyOf } from '../../support/bucket-state';
import { Rig } from '../support/rig';

/**
 * restore(backup(x)) = x: random histories of a bucket, backed up at random moments, come back with every byte, header, tag, grant, version
 * and delete marker, whatever the sizes of pages, ranges, packs and parts, and however often workers run out of time.
 */
const KEYS = ['a', 'a/', 'b', 'é', '\ufffd', '\u{10000}', '__proto__', 'x y+z', keys[3] ?? 'c'];

type Step =
  | {
      readonly do: 'put';
      readonly key: string;
      readonly body: string;
      readonly tags: Record<string, string>;
      readonly meta: Record<string, string>;
      readonly later: boolean;
    }
  | {
      readonly do: 'delete' | 'undelete' | 'delete-version';
      readonly key: string;
      readonly at: number;
      readonly later: boolean;
    }
  | { readonly do: 'retag'; readonly key: string; readonly tags: Record<string, string>; readonly later: boolean }
  | { readonly do: 'backup'; readonly later: boolean };

const key = fc.constantFrom(...KEYS);
const later = fc.boolean();
const dictionary = fc.dictionary(fc.constantFrom('t', 'ü', '__proto__', 'x'), fc.string({ maxLength: 3 }), {
  maxKeys: 3,
});
const metadata = fc.dictionary(fc.constantFrom('m', 'n'), fc.stringMatching(/^[a-z]{0,3}$/), { maxKeys: 2 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      key,
      body: fc.string({ maxLength: 24 }),
      tags: dictionary,
      meta: metadata,
      later,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('delete' as const, 'undelete' as const, 'delete-version' as const),
      key,
      at: fc.nat(5),
      later,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retag' as const), key, tags: dictionary, later }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('backup' as const), later }) },
);

function play(s3: MemoryS3, action: Step): void {
  if (action.later) s3.advance(1);
  if (action.do === 'put') {
    s3.put('src', action.key, action.body, {
      tags: action.tags,
      userMetadata: action.meta,
      headers: { 'cache-control': action.body.length > 9 ? 'no-cache' : 'max-age=1' },
    });
  } else if (action.do === 'delete') s3.delete('src', action.key);
  else if (action.do === 'undelete') {
    if (s3.history('src', action.key)[0]?.isMarker) s3.undelete('src', action.key);
  } else if (action.do === 'delete-version') {
    const version = s3.history('src', action.key)[action.at];
    if (version) s3.deleteVersion('src', action.key, version.versionId);
  } else if (action.do === 'retag') {
    const current = s3.history('src', action.key)[0];
    if (current && !current.isMarker) s3.setTags('src', action.key, action.tags);
  }
}

const shape = fc.record({
  pageSize: fc.constantFrom(1, 2, 3, 1000),
  rangeWeight: fc.constantFrom(1, 3, 50_000),
  pageSegments: fc.constantFrom(1, 2, 2_048),
  packThreshold: fc.constantFrom(0, 4, 12, 1024),
  copyPartSize: fc.constantFrom(2, 1024),
  outOfTime: fc.boolean(),
});

const options = ({ pageSize, outOfTime, ...settings }: typeof shape extends fc.Arbitrary<infer T> ? T : never) => ({
  pageSize,
  settings,
  deadline: new ManualDeadline(outOfTime ? 0 : Number.POSITIVE_INFINITY),
});

test('every recovery point gives back the bucket as it was', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), shape, async (steps, how) => {
      const rig = new Rig(options(how));
      rig.s3.createBucket('src');
      const points: { id: string; history: ReturnType<typeof historyOf>; current: ReturnType<typeof currentOf> }[] = [];
      for (const action of [...steps, { do: 'backup', later: true } as const]) {
        play(rig.s3, action);
        if (action.do !== 'backup') continue;
        // Retagging is seen only by a full read of metadata.
        const { recoveryPointId, status } = await rig.backup({ bucket: 'src', metadata: 'FULL' });
        expect(status).toBe('COMPLETED');
        points.push({ id: recoveryPointId, history: historyOf(rig.s3, 'src'), current: currentOf(rig.s3, 'src') });
      }
      for (const [index, point] of points.entries()) {
        const all = `all-${String(index)}`;
        const restored = await rig.restore({
          sourceBucket: 'src',
          recoveryPointId: point.id,
          destinationBucket: all,
          createBucket: true,
          versions: 'all',
        });
        expect(restored.status).toBe('COMPLETED');
        expect(historyOf(rig.s3, all)).toEqual(point.history);
        const current = `current-${String(index)}`;
        await rig.restore({
          sourceBucket: 'src',
          recoveryPointId: point.id,
          destinationBucket: current,
          createBucket: true,
        });
        expect(currentOf(rig.s3, current)).toEqual(point.current);
      }
    }),
    {
      numRuns: 200,
      endOnFailure: true,
    },
  );
});

test('recovery points with ALL and with CURRENT versions, mixed in one timeline, give back the current objects', async () => {
  const kinds = fc.array(fc.constantFrom('ALL' as const, 'CURRENT' as const), { minLength: 8, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), shape, kinds, async (steps, how, versions) => {
      const rig = new Rig(options(how));
      rig.s3.createBucket('src');
      const points: { id: string; current: ReturnType<typeof currentOf> }[] = [];
      for (const action of [...steps, { do: 'backup', later: true } as const]) {
        play(rig.s3, action);
        if (action.do !== 'backup' || points.length >= versions.length) continue;
        const kind = versions[points.length];
        const { recoveryPointId, status } = await rig.backup({ bucket: 'src', metadata: 'FULL', versions: kind });
        expect(status).toBe('COMPLETED');
        points.push({ id: recoveryPointId, current: currentOf(rig.s3, 'src') });
      }
      for (const [index, { id: recoveryPointId, current }] of points.entries()) {
        const destinationBucket = `dst-${String(index)}`;
        await rig.restore({ sourceBucket: 'src', recoveryPointId, destinationBucket, createBucket: true });
        expect(currentOf(rig.s3, destinationBucket)).toEqual(current);
      }
    }),
    { numRuns: 150, endOnFailure: true },
  );
});
