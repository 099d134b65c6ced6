import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { StoreError } from '../../../../lambda/ports/object-store';
import { Rig } from '../../support/rig';

/**
 * An attempt at a turn gets far and dies. The attempt that follows has less time, so that keys which the dead one has written are left to
 * the next turn: its first attempt has to look for those writes, too.
 */
async function restored(history: readonly string[], existing: readonly string[]) {
  const rig = new Rig({ settings: { rangeWeight: 10, concurrency: 1 }, deadline: new ManualDeadline() });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  for (const key of ['a', 'b'])
    for (const body of history) {
      if (body === 'x') rig.s3.delete('src', key);
      else rig.s3.put('src', key, body);
    }
  for (const body of existing) rig.s3.put('dst', 'b', body);
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  rig.retries = 3;
  let died = false;
  rig.scratchStore.calls.beforeCall = ({ operation, key }) => {
    if (died || operation !== 'PutObject' || !key?.endsWith('restore/0/turn-000000.json')) return;
    died = true;
    rig.deadline.remaining = 0;
    throw new StoreError('unavailable', 'the worker dies before its turn is noted');
  };
  const output = await rig.restore({
    sourceBucket: 'src',
    destinationBucket: 'dst',
    versions: 'all',
    onExisting: 'overwrite',
  });
  expect(died).toBe(true);
  const found = rig.s3
    .history('dst', 'b')
    .map((v) => (v.isMarker ? 'x' : Buffer.from(v.body).toString()))
    .reverse();
  return { status: output.status, found };
}

test.each([
  { history: ['v', 'x'], existing: [] },
  { history: ['v', 'x', 'w', 'x'], existing: [] },
  { history: ['v'], existing: ['v'] },
  { history: ['v', 'w', 'v'], existing: ['v'] },
])('history $history over $existing is written once', async ({ history, existing }) => {
  expect(await restored(history, existing)).toMatchObject({ status: 'COMPLETED', found: [...existing, ...history] });
});

test.each([
  [1, ['two'], undefined],
  [1, ['two'], 'theirs'],
  ['all', ['one', 'x', 'two'], undefined],
  ['all', ['one', 'x', 'two'], 'theirs'],
] as const)(
  'versions %s that a dead attempt wrote, and somebody deleted since, are not written again',
  async (versions, own, theirs) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.createBucket('dst');
    rig.s3.put('src', 'k', 'one');
    rig.s3.advance(1);
    rig.s3.delete('src', 'k');
    rig.s3.put('src', 'k', 'two');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(5);
    rig.retries = 3;
    let died = false;
    rig.scratchStore.calls.beforeCall = ({ operation, key }) => {
      if (died || operation !== 'PutObject' || !/restore\/.*turn-/.test(key ?? '')) return;
      died = true;
      rig.s3.advance(2);
      if (theirs !== undefined) rig.s3.put('dst', 'k', theirs);
      rig.s3.advance(2);
      rig.s3.delete('dst', 'k');
      rig.s3.advance(2);
      throw new StoreError('unavailable', 'the worker dies before its turn is noted');
    };
    const { status } = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', versions });
    const found = rig.s3
      .history('dst', 'k')
      .map((v) => (v.isMarker ? 'x' : Buffer.from(v.body).toString()))
      .reverse();
    const foreign = theirs === undefined ? ['x'] : [theirs, 'x'];
    // Whose marker the one in the middle is, nobody can tell: it does not count as written.
    const said = versions === 1 ? 'COMPLETED' : 'PARTIAL';
    expect([died, status, found]).toEqual([true, said, [...own, ...foreign]]);
  },
);
