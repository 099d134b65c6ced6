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
