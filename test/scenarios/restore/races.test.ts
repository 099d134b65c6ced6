import { type CallHook, ManualDeadline } from '../../../lambda/adapters/memory';
import { StoreError } from '../../../lambda/ports/object-store';
import { Rig } from '../support/rig';

const LARGE = 'more than four parts of four';
const REQUEST = { sourceBucket: 'src', destinationBucket: 'dst', versions: 'all', onExisting: 'overwrite' };
const KEYS = ['equal', 'mixed', 'gone'];

/** Keys whose versions are equal to each other and, if wanted, to what is there: the hardest to tell apart. */
async function restoring(existing: boolean, remaining: number): Promise<Rig> {
  const rig = new Rig({
    settings: { packThreshold: 16, copyPartSize: 4, rangeWeight: 3 },
    deadline: new ManualDeadline(),
  });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  const history = {
    equal: ['a', 'b', 'a', 'a'],
    mixed: ['same', 'same', LARGE, LARGE, 'same', 'x', 'x', 'last'],
    gone: ['v', 'x'],
  };
  for (const [key, bodies] of Object.entries(history))
    for (const body of bodies) {
      if (body === 'x') rig.s3.delete('src', key);
      else rig.s3.put('src', key, body);
    }
  if (existing) rig.s3.put('dst', 'equal', 'a');
  if (existing) rig.s3.put('dst', 'mixed', 'same');
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  rig.deadline.remaining = remaining;
  return rig;
}
const contents = (rig: Rig): string[][] =>
  KEYS.map((key) => rig.s3.history('dst', key).map((v) => (v.isMarker ? 'x' : Buffer.from(v.body).toString())));

function randomOf(round: number): () => number {
  let state = round * 7919 + 1;
  return () => (state = (Math.imul(state, 1103515245) + 12345) >>> 0) / 2 ** 32;
}
/** Runs before and after each call of each store. */
function aroundCalls(rig: Rig, hook: CallHook): void {
  for (const { calls } of rig.stores) Object.assign(calls, { beforeCall: hook, afterCall: hook });
}
/** Whether all of `wanted` are in `found`, in that order. */
function holds(found: readonly string[], wanted: readonly string[]): boolean {
  let next = 0;
  for (const body of found) if (body === wanted[next]) next++;
  return next === wanted.length;
}

describe.each([
  { existing: true, remaining: 0 },
  { existing: false, remaining: 0 },
  { existing: true, remaining: Number.POSITIVE_INFINITY },
  { existing: false, remaining: Number.POSITIVE_INFINITY },
])('a restore of all versions ($existing, $remaining)', ({ existing, remaining }) => {
  const ROUNDS = 30;

  test('that fails at many calls ends as one that nothing happened to', async () => {
    const quiet = await restoring(existing, remaining);
    await quiet.restore(REQUEST);
    for (let round = 0; round < ROUNDS; round++) {
      const random = randomOf(round);
      const rig = await restoring(existing, remaining);
      rig.retries = 60;
      aroundCalls(rig, () => {
        if (random() < 0.03) throw new StoreError('unavailable', 'a call fails');
      });
      const output = await rig.restore(REQUEST);
      expect({ round, status: output.status, contents: contents(rig) }).toEqual({
        round,
        status: 'COMPLETED',
        contents: contents(quiet),
      });
    }
  });

  test('whose turns are done by two workers at once lacks nothing when it says COMPLETED', async () => {
    const quiet = await restoring(existing, remaining);
    await quiet.restore(REQUEST);
    for (let round = 0; round < ROUNDS; round++) {
      const random = randomOf(round);
      const rig = await restoring(existing, remaining);
      rig.doubled = 'restore';
      aroundCalls(rig, async () => {
        for (let waits = Math.floor(random() * 6); waits > 0; waits--) await Promise.resolve();
      });
      const { status } = await rig.restore(REQUEST);
      if (status !== 'COMPLETED') continue;
      for (const [index, wanted] of contents(quiet).entries()) {
        const found = contents(rig)[index] ?? [];
        expect({ round, found, whole: holds(found, wanted), current: found[0] }).toMatchObject({
          whole: true,
          current: wanted[0],
        });
      }
    }
  });
});

test.each(['put', 'copied by parts', 'delete marker'])(
  'a restore whose destination loses its versioning stops, and does not say COMPLETED (%s)',
  async (kind) => {
    const rig = new Rig({ settings: { packThreshold: 8, copyPartSize: 2, concurrency: 1 } });
    rig.s3.createBucket('src');
    rig.s3.createBucket('dst', { versioning: 'Disabled' });
    for (const key of ['a', 'b', 'c']) {
      rig.s3.put('src', key, kind);
      if (kind === 'delete marker') rig.s3.delete('src', key);
      rig.s3.put('dst', key, 'a null version');
    }
    rig.s3.setVersioning('dst', 'Enabled');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(5);
    const first = { put: 'PutObject', 'copied by parts': 'CreateMultipartUpload', 'delete marker': 'DeleteObject' }[
      kind
    ];
    rig.destination.calls.beforeCall = ({ operation }) => {
      if (operation === first) rig.s3.setVersioning('dst', 'Suspended');
    };
    const restored = rig.restore({
      sourceBucket: 'src',
      destinationBucket: 'dst',
      onExisting: 'overwrite',
      versions: 'all',
    });
    await expect(restored).rejects.toMatchObject({ name: 'DestinationNotVersioned', message: /"a"/ });
    expect(['b', 'c'].map((key) => rig.s3.text('dst', key))).toEqual(['a null version', 'a null version']);
  },
);
