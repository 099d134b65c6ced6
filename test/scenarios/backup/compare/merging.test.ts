import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { manifestKey } from '../../../../lambda/contract/layout';
import { decodeManifest, type Manifest } from '../../../../lambda/core/history/manifest';
import { currentOf, historyOf } from '../../../support/bucket-state';
import { rangesOf, wholeHistory } from '../../../support/history-after';
import { Rig, VAULT } from '../../support/rig';

const manifestOf = (rig: Rig, seq: number): Manifest =>
  decodeManifest(rig.s3.find(VAULT, manifestKey('src', seq)).body, String(seq));
const mostSegments = async (rig: Rig, manifest: Manifest): Promise<number> =>
  Math.max(...(await rangesOf(rig.ports.vault, manifest)).map(({ segments }) => segments.length));

function filled(options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig(options);
  rig.s3.createBucket('src');
  for (let i = 0; i < 60; i++) rig.s3.put('src', `k/${String(i).padStart(2, '0')}`, `body ${String(i)}`);
  rig.s3.advance(60);
  return rig;
}

describe.each([
  ['one range', {}, 9],
  ['many ranges', { settings: { rangeWeight: 10 } }, 9],
  // Each turn writes a segment of a few rows, also of a base.
  ['workers without time', { settings: { rangeWeight: 25 }, deadline: new ManualDeadline(0) }, 60],
])('jobs that go on for long (%s)', (_, options, most) => {
  test('keep the segments of a range few, and every recovery point as it was', async () => {
    const rig = filled(options);
    const states = [];
    for (let n = 1; n <= 24; n++) {
      for (const at of [n, 2 * n, 59]) rig.s3.put('src', `k/${String(at).padStart(2, '0')}`, `round ${String(n)}`);
      if (n % 3 === 0) {
        const [gone] = rig.s3.history('src', `k/${String(n)}`.padEnd(4, '0')).slice(-1);
        if (gone) rig.s3.deleteVersion('src', gone.key, gone.versionId);
      }
      if (n % 5 === 0) rig.s3.delete('src', `k/${String(50 + n / 5)}`);
      rig.s3.advance(60);
      const output = await rig.backup({ bucket: 'src' });
      expect(output).toMatchObject({ status: 'COMPLETED', skipped: {} });
      states.push({ seq: n, all: historyOf(rig.s3, 'src'), now: currentOf(rig.s3, 'src') });
      expect(await mostSegments(rig, manifestOf(rig, n))).toBeLessThanOrEqual(most);
    }
    for (const { seq, all, now } of states) {
      const point = {
        sourceBucket: 'src',
        recoveryPointId: `src/${String(seq).padStart(20, '0')}`,
        createBucket: true,
      };
      await rig.restore({ ...point, destinationBucket: `all-${String(seq)}`, versions: 'all' });
      expect(historyOf(rig.s3, `all-${String(seq)}`)).toEqual(all);
      await rig.restore({ ...point, destinationBucket: `now-${String(seq)}` });
      expect(currentOf(rig.s3, `now-${String(seq)}`)).toEqual(now);
    }
  });
});

test('a merge leaves out versions that are gone for good, and brings them nowhere back', async () => {
  const rig = filled();
  await rig.backup({ bucket: 'src' });
  for (let i = 0; i < 40; i++) {
    const key = `k/${String(i).padStart(2, '0')}`;
    rig.s3.deleteVersion('src', key, rig.s3.find('src', key).versionId);
  }
  for (let n = 0; n < 9; n++) {
    rig.s3.put('src', 'k/59', `round ${String(n)}`);
    rig.s3.advance(60);
    await rig.backup({ bucket: 'src' });
  }
  const { segments } = await wholeHistory(rig.ports.vault, manifestOf(rig, 10));
  expect(segments).toHaveLength(1);
  expect(segments[0]?.rows).toBe(20 + 9);
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect(currentOf(rig.s3, 'dst')).toEqual(currentOf(rig.s3, 'src'));
});

test('an incremental writes in proportion to what changed, not to what is there', async () => {
  const rig = new Rig({ settings: { rangeWeight: 1_000, listingUnitRows: 2_000 } });
  rig.s3.createBucket('src');
  for (let i = 0; i < 10_000; i++) rig.s3.put('src', `k/${String(i).padStart(6, '0')}`, 'x');
  rig.s3.advance(60);
  const bytes = (): number => rig.s3.versions(VAULT, 'buckets/src/segments/').reduce((n, v) => n + v.body.length, 0);
  await rig.backup({ bucket: 'src' });
  const first = bytes();
  expect((await rangesOf(rig.ports.vault, manifestOf(rig, 1))).length).toBeGreaterThan(5);
  const written: number[] = [];
  for (const changes of [1, 100, 1_000]) {
    for (let i = 0; i < changes; i++) rig.s3.put('src', `k/${String(i).padStart(6, '0')}`, String(changes));
    rig.s3.advance(60);
    const before = bytes();
    expect((await rig.backup({ bucket: 'src' })).stored).toBe(changes);
    written.push(bytes() - before);
  }
  const [one = 0, hundred = 0, thousand = 0] = written;
  expect(one).toBeLessThan(first / 20);
  expect(hundred).toBeLessThan(first / 20);
  expect(thousand).toBeLessThan(first / 5);
  expect(thousand).toBeGreaterThan(hundred);
});
