import { steadyPace } from '../../lambda/adapters/steady-pace';
import { Rig } from './rig';

function filled(settings: ConstructorParameters<typeof Rig>[0] & object): Rig {
  const rig = new Rig(settings);
  rig.s3.createBucket('src');
  for (let i = 0; i < 20; i++) rig.s3.put('src', `k/${String(i)}`, `body ${String(i)}`, { tags: { a: 'b' } });
  rig.s3.put('src', 'large', Buffer.alloc(100));
  rig.s3.advance(1);
  return rig;
}
const total = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((sum, count) => sum + count, 0);

test('every request of a worker waits for its share of the rate', async () => {
  const settings = { rangeWeight: 5, packThreshold: 50, maxSourceRequestsPerSecond: 100, maxConcurrency: 4 };
  const rig = filled({ settings });
  const { requests } = await rig.backup({ bucket: 'src' });
  // Two requests before the scan; one copy that the vault is asked for.
  expect(rig.paced).toHaveLength(total(requests) - 2 + 1);
  // One unit of the scan has the whole rate; of five ranges four run at a time.
  expect(new Set(rig.paced)).toEqual(new Set([100, 25]));
});

test('without a limit nothing waits', async () => {
  const rig = filled({});
  await rig.backup({ bucket: 'src' });
  expect(rig.paced).toEqual([]);
});

test.each([0.5, 20, 1_000])('a pace of %d a second lets its burst through at once', async (rate) => {
  const pace = steadyPace(rate);
  for (let i = 0; i < Math.max(1, rate); i++) await pace.turn();
});
