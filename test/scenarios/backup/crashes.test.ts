import { type CallHook, ManualDeadline, type MemoryObjectStore } from '../../../lambda/adapters/memory';
import { sha256Hex } from '../../../lambda/core/values/hash';
import { StoreError } from '../../../lambda/ports/object-store';
import { currentOf, historyOf } from '../../support/bucket-state';
import { deliverReport } from '../../support/inventory-report';
import { Rig, SCRATCH, VAULT } from '../support/rig';

const LARGE = 'seventeen letters';
const SETTINGS = {
  packThreshold: 16,
  copyPartSize: 4,
  rangeWeight: 3,
  sortRows: 1,
  inventoryUnitBytes: 1,
  listingUnitRows: 2,
};
/** What a job reads the bucket's content from. */
const SOURCES = ['listing', 'inventory'] as const;
type Source = (typeof SOURCES)[number];

function filled(options: ConstructorParameters<typeof Rig>[0] = {}, source: Source = 'listing'): Rig {
  const rig = new Rig({ settings: SETTINGS, pageSize: 3, ...options });
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c', 'd']) {
    rig.s3.put('src', key, `${key}1`, { tags: { k: key } });
    rig.s3.put('src', key, `${key}2`);
  }
  rig.s3.delete('src', 'b');
  rig.s3.put('src', 'large', 'more than four parts of four bytes each: 17 and over');
  rig.s3.advance(5);
  if (source === 'inventory') deliverReport(rig.s3, 'src', SCRATCH);
  return rig;
}

/** Fails the n-th call of the four stores together: before it reaches S3, or when its answer is lost. */
function failCall(stores: readonly MemoryObjectStore[], n: number, when: 'beforeCall' | 'afterCall'): () => boolean {
  let calls = 0;
  let failed = false;
  const hook: CallHook = () => {
    if (++calls !== n) return;
    failed = true;
    throw new StoreError('unavailable', `call ${String(n)} fails`);
  };
  for (const store of stores) store.calls[when] = hook;
  return () => {
    for (const store of stores) store.calls[when] = undefined;
    return failed;
  };
}

/** Does something before the n-th call of the stores together, once. */
function atCall(
  stores: readonly { calls: { beforeCall: CallHook | undefined } }[],
  n: number,
  act: () => Promise<unknown> | undefined,
): () => boolean {
  let calls = 0;
  let reached = false;
  const stop = (): boolean => {
    for (const store of stores) store.calls.beforeCall = undefined;
    return reached;
  };
  const hook: CallHook = async () => {
    if (++calls !== n) return;
    reached = true;
    stop();
    await act();
  };
  for (const store of stores) store.calls.beforeCall = hook;
  return stop;
}

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
    60_000,
  );

  test.each(SOURCES)(
    'goes on when the state machine repeats the step that failed (%s)',
    async (source) => {
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
    },
    60_000,
  );

  test.each([1, 'all'] as const)(
    'a restore of %s versions that is repeated writes nothing twice',
    async (versions) => {
      for (let n = 1; ; n++) {
        const rig = filled();
        await rig.backup({ bucket: 'src' });
        const stop = failCall(rig.stores, n, when);
        rig.retries = 1;
        const output = await rig.restore({
          sourceBucket: 'src',
          destinationBucket: 'dst',
          createBucket: true,
          versions,
        });
        if (!stop()) break;
        expect(output).toMatchObject({ status: 'COMPLETED', restored: versions === 1 ? 4 : 9 });
        if (versions === 'all') expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
        else expect(currentOf(rig.s3, 'dst')).toEqual(currentOf(rig.s3, 'src'));
        expect(rig.s3.versions('dst')).toHaveLength(versions === 1 ? 4 : 10);
      }
    },
    60_000,
  );
});

describe.each(['beforeCall', 'afterCall'] as const)('a restore over many turns whose n-th call fails (%s)', (when) => {
  const request = { sourceBucket: 'src', destinationBucket: 'dst', versions: 'all', onExisting: 'overwrite' };
  /** Versions of one key that are equal to each other and to what is there, markers, and large ones that go over turns. */
  async function restoring(): Promise<Rig> {
    const rig = new Rig({ settings: SETTINGS, deadline: new ManualDeadline() });
    rig.s3.createBucket('src');
    rig.s3.createBucket('dst');
    for (const key of ['b', 'c']) {
      rig.s3.put('src', key, `${key}1`, { tags: { k: key } });
      rig.s3.put('src', key, `${key}2`);
    }
    rig.s3.delete('src', 'b');
    for (const body of ['same', 'same', LARGE, LARGE, 'same']) rig.s3.put('src', 'k', body);
    rig.s3.delete('src', 'k');
    rig.s3.delete('src', 'k');
    rig.s3.put('src', 'k', 'last');
    rig.s3.put('dst', 'k', 'same');
    rig.s3.put('dst', 'c', 'c1');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(5);
    rig.deadline.remaining = 0;
    return rig;
  }
  const contents = (rig: Rig): string[][] =>
    rig.s3.keys('src').map((key) => rig.s3.history('dst', key).map((v) => (v.isMarker ? 'x' : v.body.toString())));

  test('ends as one that nothing happened to, for every n', async () => {
    const quiet = await restoring();
    await quiet.restore(request);
    for (let n = 1; ; n++) {
      const rig = await restoring();
      const stop = failCall(rig.stores, n, when);
      rig.retries = 1;
      const output = await rig.restore(request);
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'COMPLETED', failed: 0, skipped: {} });
      expect(contents(rig)).toEqual(contents(quiet));
      expect(rig.reportLines()).toHaveLength(quiet.reportLines().length);
    }
  }, 120_000);

  test('ends as one that nothing happened to, though versions are refused', async () => {
    const refusing = async (): Promise<Rig> => {
      const rig = await restoring();
      const put = rig.destination.put.bind(rig.destination);
      // As S3 does it: whatever the attempt, the same versions are refused.
      rig.destination.put = (options) =>
        options.bucket === 'dst' && ['b1', 'c2', 'last'].includes(Buffer.from(options.body).toString())
          ? Promise.reject(new StoreError('invalid', 'refused'))
          : put(options);
      return rig;
    };
    const quiet = await refusing();
    await quiet.restore(request);
    for (let n = 1; ; n++) {
      const rig = await refusing();
      const stop = failCall(rig.stores, n, when);
      rig.retries = 1;
      const output = await rig.restore(request);
      if (!stop()) break;
      expect(output).toMatchObject({ status: 'PARTIAL', failed: 3, skipped: {} });
      expect(contents(rig)).toEqual(contents(quiet));
    }
  }, 120_000);
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

describe('a second attempt in the middle of the first', () => {
  test.each(SOURCES)(
    'commits one result and readable bodies, at every call (%s)',
    async (source) => {
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
    },
    60_000,
  );
});

describe('another job in the middle of one', () => {
  test.each([
    ['is refused while the first one runs', true],
    ['takes over from one that is dead, which can then not commit', false],
  ])(
    '%s, at every call',
    async (_, alive) => {
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
    },
    60_000,
  );
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
