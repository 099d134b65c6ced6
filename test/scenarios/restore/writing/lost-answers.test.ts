import type { S3Operation } from '../../../../lambda/adapters/memory/store-calls';
import { StoreError } from '../../../../lambda/ports/object-store';
import { Rig } from '../../support/rig';

const WRITES: readonly S3Operation[] = [
  'PutObject',
  'CopyObject',
  'CreateMultipartUpload',
  'UploadPartCopy',
  'CompleteMultipartUpload',
  'DeleteObject',
  'PutObjectTagging',
];

/** A key with versions of equal bytes, markers on markers, and tags that no header holds. */
async function backedUp(settings: object): Promise<Rig> {
  const rig = new Rig({ settings });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  const tags = Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`t${String(n)}`, '值'.repeat(200)]));
  for (const act of [
    () => rig.s3.put('src', 'key', 'same body'),
    () => rig.s3.put('src', 'key', 'same body'),
    () => rig.s3.delete('src', 'key'),
    () => rig.s3.delete('src', 'key'),
    () => rig.s3.put('src', 'key', 'other body', { tags }),
    () => rig.s3.put('src', 'key', 'other body'),
    () => rig.s3.delete('src', 'key'),
    () => rig.s3.delete('src', 'key'),
  ]) {
    act();
    rig.s3.advance(2);
  }
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  return rig;
}

const storyOf = (rig: Rig, bucket: string): string[] =>
  rig.s3.history(bucket, 'key').map(({ isMarker, body }) => (isMarker ? 'marker' : Buffer.from(body).toString()));

const restoreAll = { sourceBucket: 'src', destinationBucket: 'dst', versions: 'all' };

describe.each([
  ['packed', {}],
  ['copied', { packThreshold: 0 }],
  ['copied by parts', { packThreshold: 0, copyPartSize: 1 }],
])('%s versions', (_, settings) => {
  test.each(WRITES)('are restored once each, whichever answer to a %s is lost', async (operation) => {
    for (let nth = 1; nth <= 9; nth++) {
      const rig = await backedUp(settings);
      let calls = 0;
      rig.destination.calls.afterCall = (call) => {
        if (call.operation === operation && ++calls === nth) throw new StoreError('unavailable', 'answer lost');
      };
      rig.retries = 2;
      const { status } = await rig.restore(restoreAll);
      expect([nth, status, storyOf(rig, 'dst')]).toEqual([nth, 'COMPLETED', storyOf(rig, 'src')]);
      if (calls < nth) return;
    }
  });

  test.each(WRITES)('are restored once each, whichever %s never arrives', async (operation) => {
    for (let nth = 1; nth <= 9; nth++) {
      const rig = await backedUp(settings);
      let calls = 0;
      rig.destination.calls.beforeCall = (call) => {
        if (call.operation === operation && ++calls === nth) throw new StoreError('unavailable', 'never arrived');
      };
      rig.retries = 2;
      const { status } = await rig.restore(restoreAll);
      expect([nth, status, storyOf(rig, 'dst')]).toEqual([nth, 'COMPLETED', storyOf(rig, 'src')]);
      if (calls < nth) return;
    }
  });
});

test('a marker whose answer is lost needs no new turn', async () => {
  const rig = await backedUp({});
  let isLost = false;
  rig.destination.calls.afterCall = ({ operation }) => {
    if (operation !== 'DeleteObject' || isLost) return;
    isLost = true;
    throw new StoreError('unavailable', 'answer lost');
  };
  expect(await rig.restore(restoreAll)).toMatchObject({ status: 'COMPLETED' });
  expect(storyOf(rig, 'dst')).toEqual(storyOf(rig, 'src'));
});

describe.each([
  ['PutObject', {}],
  ['CopyObject', { packThreshold: 0 }],
  ['CompleteMultipartUpload', { packThreshold: 0, copyPartSize: 1 }],
] as const)('a version of which the answer to %s is lost', (operation, settings) => {
  test.each([
    ['a delete marker', (rig: Rig) => rig.s3.delete('dst', 'key'), ['marker', 'bodies']],
    [
      'an object and a delete marker',
      (rig: Rig) => {
        rig.s3.put('dst', 'key', 'theirs');
        rig.s3.advance(1);
        rig.s3.delete('dst', 'key');
      },
      ['marker', 'theirs', 'bodies'],
    ],
  ])('is written once where others then write %s', async (_, meanwhile, story) => {
    for (const died of [false, true]) {
      const rig = new Rig({ settings });
      rig.s3.createBucket('src');
      rig.s3.createBucket('dst');
      rig.s3.put('src', 'key', 'bodies');
      rig.s3.advance(5);
      await rig.backup({ bucket: 'src' });
      rig.s3.advance(5);
      rig.retries = 3;
      let done = false;
      rig.destination.calls.afterCall = (call) => {
        if (call.operation !== operation || done) return;
        done = true;
        rig.s3.advance(1);
        meanwhile(rig);
        throw died ? new Error('the worker dies') : new StoreError('unavailable', 'answer lost');
      };
      const { status } = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' });
      expect([died, done, status, storyOf(rig, 'dst')]).toEqual([died, true, 'COMPLETED', story]);
    }
  });
});
