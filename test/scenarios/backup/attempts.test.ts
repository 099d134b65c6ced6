import { sha256Hex } from '../../../lambda/core/values/hash';
import { historyOf } from '../../support/bucket-state';
import { atCall, filled, SOURCES } from '../support/crashes';
import { VAULT } from '../support/rig';

describe('a second attempt in the middle of the first', () => {
  test.each(SOURCES)('commits one result and readable bodies, at every call (%s)', async (source) => {
    for (let n = 1; ; n++) {
      const rig = filled({}, source);
      const stop = atCall(rig.stores, n, () => rig.again?.());
      const output = await rig.backup({ bucket: 'src', source });
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'COMPLETED', versions: 9, stored: 9 });
      expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toHaveLength(1);
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    }
  });
});

describe('another job in the middle of one', () => {
  test.each([
    ['is refused while the first one runs', true],
    ['takes over from one that is dead, which can then not commit', false],
  ])('%s, at every call', async (_, alive) => {
    for (let n = 1; ; n++) {
      const rig = filled();
      let second: unknown;
      const stop = atCall(rig.stores, n, async () => {
        if (!alive) rig.executions.running.clear();
        second = await rig.backup({ bucket: 'src' }).catch((error: unknown) => error);
      });
      const first: unknown = await rig.backup({ bucket: 'src' }).catch((error: unknown) => error);
      if (!stop()) break;
      const outcomes = [first, second].map((outcome) => (outcome instanceof Error ? outcome.name : 'COMPLETED'));
      expect(['COMPLETED', 'BackupAlreadyRunning', 'BackupSuperseded']).toEqual(expect.arrayContaining(outcomes));
      const commits = outcomes.filter((outcome) => outcome === 'COMPLETED').length;
      expect(commits).toBeGreaterThan(0);
      const chain = rig.s3.keys(VAULT, 'buckets/src/timeline/').map((key) => rig.s3.text(VAULT, key) ?? '');
      expect(chain).toHaveLength(commits);
      chain.slice(1).forEach((manifest, index) => {
        const { previous } = JSON.parse(manifest) as { previous?: { sha256: string } };
        expect(previous?.sha256).toBe(sha256Hex(Buffer.from(chain[index] ?? '')));
      });
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
      rig.s3.advance(60);
      expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', versions: 9, stored: 0 });
    }
  });
});

describe('two jobs of one bucket', () => {
  test('the second is refused while the first runs', async () => {
    const rig = filled();
    await rig.catalog.takeLock({ bucket: 'src', jobId: 'other', executionArn: 'arn:other' });
    rig.executions.running.add('arn:other');
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'BackupAlreadyRunning' });
  });

  test('the lock of an execution that no longer runs is taken over', async () => {
    const rig = filled();
    await rig.catalog.takeLock({ bucket: 'src', jobId: 'other', executionArn: 'arn:dead' });
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED' });
  });

  test('a job that lost the lock cannot commit', async () => {
    const rig = filled();
    rig.source.calls.beforeCall = async ({ operation }) => {
      if (operation !== 'GetObject') return;
      const lock = await rig.catalog.getLock('src');
      if (lock?.jobId !== 'thief')
        await rig.catalog.takeLock({ bucket: 'src', jobId: 'thief', executionArn: 'arn:t', from: lock });
    };
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'BackupSuperseded' });
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toEqual([]);
  });

  test('a commit number that another job took is not written over', async () => {
    const rig = filled();
    const first = await rig.backup({ bucket: 'src' });
    rig.vaultStore.calls.beforeCall = ({ operation, key }) => {
      if (operation !== 'PutObject' || !key?.endsWith('timeline/00000000000000000002.json')) return;
      const manifest = rig.s3.text(VAULT, 'buckets/src/timeline/00000000000000000001.json') ?? '';
      if (rig.s3.keys(VAULT, key).length === 0) rig.s3.put(VAULT, key, manifest);
    };
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'BackupSuperseded' });
    expect(rig.s3.text(VAULT, 'buckets/src/timeline/00000000000000000002.json')).toContain(first.jobId);
  });
});
