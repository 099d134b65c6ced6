import { decodeManifest } from '../../../../lambda/core/history/manifest';
import { sha256Hex } from '../../../../lambda/core/values/hash';
import { StoreError } from '../../../../lambda/ports/object-store';
import { commitBackup, type BackupOutput } from '../../../../lambda/usecases/backup/commit';
import { partitionBackup } from '../../../../lambda/usecases/backup/partition';
import { prepareBackup } from '../../../../lambda/usecases/backup/prepare';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { atPortCall } from '../../../support/port-calls';
import { Rig, SCRATCH, VAULT } from '../../support/rig';

const DAY = 24 * 60 * 60;

function filled(): Rig {
  const rig = new Rig({ settings: { packThreshold: 4, rangeWeight: 2 } });
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c']) {
    rig.s3.put('src', key, `body of ${key}`);
    rig.s3.put('src', key, key);
  }
  rig.s3.delete('src', 'b');
  rig.s3.advance(5);
  return rig;
}

/** A job of a rule that is due now. */
const due = (rig: Rig, rule: string, fields: object = {}) => {
  const at = (seconds: number): string => new Date((Math.floor(rig.s3.now) + seconds) * 1000).toISOString();
  const scheduled = { plan: 'Plan', rule, scheduledTime: at(0), startBy: at(3600), completeBy: at(7200) };
  return { bucket: 'src', scheduled, ...fields };
};

const manifests = (rig: Rig) =>
  rig.s3.keys(VAULT, 'buckets/src/timeline/').map((key) => {
    const bytes = Buffer.from(rig.s3.text(VAULT, key) ?? '');
    return { manifest: decodeManifest(bytes, key), sha256: sha256Hex(bytes) };
  });

/** Runs a job and says which requests it made to the protected bucket. */
async function watched(rig: Rig, input: unknown): Promise<{ output: BackupOutput; requests: number }> {
  const describe = jest.spyOn(rig.ports.buckets, 'describe');
  const calls = (): number => Object.values(rig.source.counts()).reduce((sum, count) => sum + count, 0);
  const before = calls();
  const output = await rig.backup(input);
  const requests = calls() - before + describe.mock.calls.length;
  describe.mockRestore();
  return { output, requests };
}

describe('rules that are due together', () => {
  test.each([2, 5])('%i of them: one scan, and a recovery point for each', async (count) => {
    const rig = filled();
    const inputs = Array.from({ length: count }, (_, n) =>
      due(rig, `Rule${String(n)}`, { deleteAfterDays: n + 1, recoveryPointTags: { n: String(n) } }),
    );
    const first = await watched(rig, inputs[0]);
    expect(first.output).toMatchObject({ stored: 6, reused: 0 });
    const segments = rig.s3.keys(VAULT).filter((key) => key.endsWith('.parquet'));
    for (const input of inputs.slice(1)) {
      rig.s3.advance(60);
      // What happens after the scan is in none of them.
      rig.s3.put('src', 'later', 'x');
      const { output, requests } = await watched(rig, input);
      expect(requests).toBe(0);
      const { asOf, versions, objects, bytes } = first.output;
      expect(output).toMatchObject({ status: 'COMPLETED', asOf, versions, objects, bytes, source: 'listing' });
      expect(output).toMatchObject({ stored: 0, reused: 6, removed: 0, skipped: {}, requests: {} });
    }
    expect(rig.s3.keys(VAULT).filter((key) => key.endsWith('.parquet'))).toEqual(segments);

    const chain = manifests(rig);
    expect(chain).toHaveLength(count);
    chain.forEach(({ manifest }, n) => {
      expect(manifest).toMatchObject({
        seq: n + 1,
        history: chain[0]?.manifest.history,
      });
      expect(manifest.previous?.sha256).toBe(chain[n - 1]?.sha256);
    });
    const { items } = await rig.catalog.listRecoveryPoints({ bucket: 'src' });
    const asOf = Date.parse(first.output.asOf) / 1000;
    [...items].reverse().forEach((point, n) => {
      expect(point).toMatchObject({ seq: n + 1, state: 'COMPLETED', versionCount: 6, tags: { n: String(n) } });
      expect(Date.parse(point.deleteAt ?? '') / 1000).toBe(asOf + (n + 1) * DAY);
      expect(chain[n]?.manifest.recoveryPoint).toMatchObject({ rule: `Rule${String(n)}` });
    });
    const jobs = (await rig.catalog.listJobs({ bucket: 'src' })).items;
    expect(jobs.map(({ state }) => state)).toEqual(Array<string>(count).fill('COMPLETED'));
    for (const [n, { recoveryPointId }] of [...items].reverse().entries()) {
      const destinationBucket = `dst-${String(n)}`;
      const restore = { sourceBucket: 'src', recoveryPointId, destinationBucket, createBucket: true, versions: 'all' };
      await rig.restore(restore);
      const expected = historyOf(rig.s3, 'src');
      expected.delete('later');
      expect(historyOf(rig.s3, destinationBucket)).toEqual(expected);
    }
    rig.s3.advance(60);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ stored: count - 1, reused: 6, removed: 0 });
  });

  test('a job that waited for another one asks the bucket nothing, and says once that it waits', async () => {
    const rig = filled();
    const [first, second] = [due(rig, 'One'), due(rig, 'Two')];
    const execution = rig.execution('waiting');
    await rig.catalog.takeLock({ bucket: 'src', jobId: 'first', executionArn: 'arn:first' });
    rig.executions.running.add('arn:first');
    const describe = jest.spyOn(rig.ports.buckets, 'describe');
    for (let n = 0; n < 3; n++) {
      expect(await prepareBackup(rig.ports, { input: second, execution })).toEqual({ wait: 60 });
      rig.s3.advance(60);
    }
    expect(describe).not.toHaveBeenCalled();
    expect(rig.events.published.filter(({ detail }) => detail.state === 'PENDING')).toHaveLength(1);
    await rig.catalog.releaseLock('src', 'first');
    await rig.backup(first);
    describe.mockClear();
    const prepared = await prepareBackup(rig.ports, { input: second, execution });
    expect(prepared).toMatchObject({ units: { count: 0 }, job: { shared: true } });
    expect(describe).not.toHaveBeenCalled();
  });

  test('share a report of an inventory, which is older than both', async () => {
    const rig = filled();
    deliverReport(rig.s3, 'src', SCRATCH);
    rig.s3.advance(600);
    const inputs = ['One', 'Two'].map((rule) => due(rig, rule, { source: 'inventory' }));
    const next = (rule: string) => due(rig, rule, { source: 'inventory' });
    const first = await watched(rig, inputs[0]);
    rig.s3.advance(60);
    const second = await watched(rig, inputs[1]);
    expect(second.requests).toBe(0);
    expect(second.output).toMatchObject({ asOf: first.output.asOf, source: 'inventory', reused: 6 });
    rig.s3.advance(3600);
    await expect(rig.backup(next('Three'))).rejects.toMatchObject({ name: 'NoInventory' });
  });

  test('inherit what could not be stored', async () => {
    const rig = filled();
    rig.s3.put('src', 'glacier', 'x', { storageClass: 'GLACIER', archived: true });
    rig.s3.advance(5);
    const inputs = ['One', 'Two'].map((rule) => due(rig, rule));
    const first = await rig.backup(inputs[0]);
    expect(first).toMatchObject({ status: 'PARTIAL', versions: 7, stored: 6, skipped: { archived: 1 } });
    const second = await rig.backup(inputs[1]);
    expect(second).toMatchObject({
      status: 'PARTIAL',
      versions: 7,
      stored: 0,
      reused: 6,
      skipped: { archived: 1 },
    });
    const report = JSON.parse(rig.s3.text(VAULT, second.report.slice(`s3://${VAULT}/`.length)) ?? '') as object;
    expect(report).toMatchObject({
      status: 'PARTIAL',
      sharesScanOf: { recoveryPointId: first.recoveryPointId, report: first.report.slice(`s3://${VAULT}/`.length) },
    });
  });
});

describe('a job does a scan of its own', () => {
  const rules: [string, object, object, boolean][] = [
    ['the same', {}, {}, true],
    ['current versions after all', { versions: 'ALL' }, { versions: 'CURRENT' }, false],
    ['all versions after current ones', { versions: 'CURRENT' }, { versions: 'ALL' }, false],
    ['current versions twice', { versions: 'CURRENT' }, { versions: 'CURRENT' }, true],
    ['no full metadata after full ones', { metadata: 'FULL' }, {}, true],
    ['full metadata twice', { metadata: 'FULL' }, { metadata: 'FULL' }, true],
  ];
  test.each(rules)('unless the last commit has what it asks for: %s', async (_, one, two, shares) => {
    const rig = filled();
    const inputs = [due(rig, 'One', one), due(rig, 'Two', two)];
    await rig.backup(inputs[0]);
    const { requests } = await watched(rig, inputs[1]);
    expect(requests === 0).toBe(shares);
  });

  test('for full metadata, where the last commit read only what is new', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(60);
    const inputs = [due(rig, 'One'), due(rig, 'Two', { metadata: 'FULL' })];
    await rig.backup(inputs[0]);
    const { requests, output } = await watched(rig, inputs[1]);
    expect(requests).toBeGreaterThan(0);
    expect(output.requests['ListObjectVersions']).toBe(1);
  });

  test('when it is due after the last commit', async () => {
    const rig = filled();
    await rig.backup(due(rig, 'One'));
    rig.s3.advance(1);
    expect((await watched(rig, due(rig, 'Two'))).requests).toBeGreaterThan(0);
  });

  test('when a person starts it', async () => {
    const rig = filled();
    await rig.backup(due(rig, 'One'));
    expect((await watched(rig, { bucket: 'src' })).requests).toBeGreaterThan(0);
  });
});

test('an execution of a state machine from before shared scans removes nothing', async () => {
  const rig = filled();
  const inputs = [due(rig, 'One'), due(rig, 'Two')];
  await rig.backup(inputs[0]);
  const scan = await prepareBackup(rig.ports, { input: inputs[1], execution: rig.execution('old') });
  if ('wait' in scan) throw new Error('busy');
  expect(scan.units.count).toBe(0);
  const ranges = await partitionBackup(rig.ports, { job: scan.job, choosesConcurrency: true });
  expect(ranges.units.count).toBe(0);
  expect(await commitBackup(rig.ports, { job: scan.job })).toMatchObject({ versions: 6, reused: 6, removed: 0 });
});

describe.each(['beforeCall', 'afterCall'] as const)('a shared scan whose n-th call fails (%s), for every n', (when) => {
  test.each([0, 1])('with %i repetitions', async (retries) => {
    for (let n = 1; ; n++) {
      const rig = filled();
      const inputs = [due(rig, 'One'), due(rig, 'Two'), due(rig, 'Three')];
      await rig.backup(inputs[0]);
      rig.retries = retries;
      const fail = (): never => {
        throw new StoreError('unavailable', `call ${String(n)} fails`);
      };
      const stop = atPortCall(rig, n, fail, when);
      const outcome = await rig.backup(inputs[1]).catch(() => undefined);
      const calls = stop();
      if (calls < n) break;
      if (retries > 0) expect(outcome).toMatchObject({ status: 'COMPLETED', reused: 6 });
      const committed = rig.s3.keys(VAULT, 'buckets/src/timeline/').length;
      if (outcome) expect(committed).toBe(2);
      const { output, requests } = await watched(rig, inputs[2]);
      expect(output).toMatchObject({ versions: 6, stored: 0, reused: 6, removed: 0 });
      expect(requests).toBe(0);
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    }
  });
});

test.each([true, false])(
  'two jobs that are due together race (the first one lives: %s), at every call',
  async (alive) => {
    for (let n = 1; ; n++) {
      const rig = filled();
      const inputs = [due(rig, 'One'), due(rig, 'Two')];
      let second: unknown;
      const stop = atPortCall(rig, n, async () => {
        if (!alive) rig.executions.running.clear();
        second = await rig.backup(inputs[1]).catch((error: unknown) => error);
      });
      const first: unknown = await rig.backup(inputs[0]).catch((error: unknown) => error);
      if (stop() < n) break;
      const outcomes = [first, second].map((outcome) =>
        outcome instanceof Error ? outcome.name.concat(outcome.message.includes('has to wait') ? ' wait' : '') : 'done',
      );
      expect(['done', 'Error wait', 'BackupSuperseded']).toEqual(expect.arrayContaining(outcomes));
      const commits = outcomes.filter((outcome) => outcome === 'done').length;
      expect(commits).toBeGreaterThan(0);
      const chain = manifests(rig);
      expect(chain).toHaveLength(commits);
      for (const { manifest } of chain) expect(manifest).toMatchObject({ counts: { versions: 6, removed: 0 } });
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    }
  },
);
