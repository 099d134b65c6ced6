import { ManualDeadline } from '../../../lambda/adapters/memory';
import { currentOf, historyOf } from '../../support/bucket-state';
import { failCall, filled, SOURCES } from '../support/crashes';
import { SCRATCH, VAULT } from '../support/rig';

describe.each(['beforeCall', 'afterCall'] as const)('a job whose n-th call fails (%s), for every n', (when) => {
  test.each(SOURCES)(
    'leaves no visible recovery point or a whole one, and the next job succeeds (%s)',
    async (source) => {
      for (let n = 1; ; n++) {
        const rig = filled({}, source);
        const stop = failCall(rig.stores, n, when);
        const outcome = await rig.backup({ bucket: 'src', source }).catch(() => undefined);
        if (!stop()) break;
        const committed = rig.s3.keys(VAULT, 'buckets/src/timeline/').length;
        if (!outcome) {
          expect((await rig.catalog.listRecoveryPoints({ bucket: 'src' })).items.length).toBeLessThanOrEqual(committed);
          expect((await rig.catalog.listJobs({ bucket: 'src' })).items[0]?.state).toBe('FAILED');
        }
        rig.s3.advance(60);
        const next = await rig.backup({ bucket: 'src' });
        expect(next).toMatchObject({ status: 'COMPLETED', versions: 9, stored: committed === 0 ? 9 : 0 });
        await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
        expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
      }
    },
  );

  test.each(SOURCES)('goes on when the state machine repeats the step that failed (%s)', async (source) => {
    for (let n = 1; ; n++) {
      const rig = filled({}, source);
      const stop = failCall(rig.stores, n, when);
      rig.retries = 1;
      const output = await rig.backup({ bucket: 'src', source });
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'COMPLETED', versions: 9, stored: 9 });
      expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toHaveLength(1);
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    }
  });
});

describe('a worker without time', () => {
  test('goes on from its cursor, turn after turn, and copies large objects part by part', async () => {
    const rig = filled({ deadline: new ManualDeadline(0) });
    const output = await rig.backup({ bucket: 'src' });
    expect(output).toMatchObject({ status: 'COMPLETED', stored: 9 });
    expect(rig.turns.scan).toBeGreaterThan(2);
    // Fifty-two bytes in parts of four: one part a turn.
    expect(rig.turns.ranges).toBeGreaterThan(13);
    expect(rig.vaultStore.counts().CreateMultipartUpload).toBe(1);
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    expect(rig.turns.restore).toBeGreaterThanOrEqual(13);
    expect(rig.s3.uploads.ids()).toEqual([]);
  });
});

describe('two attempts of one turn', () => {
  test.each(['ranges', 'restore'] as const)('race to one result (%s)', async (step) => {
    const rig = filled();
    rig.doubled = step;
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 9 });
    const output = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(output).toMatchObject({ status: 'COMPLETED', restored: 4 });
    expect(currentOf(rig.s3, 'dst')).toEqual(currentOf(rig.s3, 'src'));
    expect(rig.s3.keys(SCRATCH).filter((key) => key.includes('turn-000000'))).not.toHaveLength(0);
  });
});
