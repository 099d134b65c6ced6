import { MemoryCaptureControl, MemoryExecutions, SilentLog } from '../../../lambda/adapters/memory';
import { partitionBackup } from '../../../lambda/usecases/backup/partition';
import { prepareBackup } from '../../../lambda/usecases/backup/prepare';
import { backUpRange } from '../../../lambda/usecases/backup/range';
import { scanBackup } from '../../../lambda/usecases/backup/scan';
import { recordFailure } from '../../../lambda/usecases/jobs/failed';
import { startJobs, type StartPorts } from '../../../lambda/usecases/jobs/start';
import { Rig, VAULT } from '../support/rig';

describe('the record of a failed job', () => {
  test('has the error of the unit, where a map says only that something failed', async () => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'x');
    rig.s3.advance(1);
    await rig.backup({ bucket: 'src' });
    for (const key of rig.s3.keys(VAULT, 'buckets/src/segments/')) rig.s3.corrupt(VAULT, key);
    const execution = rig.execution('mapped');
    const scan = await prepareBackup(rig.ports, { input: { bucket: 'src' }, execution });
    if ('wait' in scan) throw new Error('busy');
    await scanBackup(rig.ports, { job: scan.job, unit: { id: '0' }, turn: 0 });
    const ranges = await partitionBackup(rig.ports, { job: scan.job, choosesConcurrency: true });
    const unit = ranges.unit as { id: string; from: string };
    await expect(backUpRange(rig.ports, { job: scan.job, unit, turn: 0 })).rejects.toMatchObject({
      name: 'VaultDamaged',
    });
    const failure = await recordFailure(rig.ports, 'BACKUP', {
      input: { bucket: 'src' },
      execution,
      error: { Error: 'States.ExceedToleratedFailureThreshold', Cause: 'a unit failed' },
      failedAt: execution.startTime,
    });
    expect(failure).toMatchObject({ error: 'VaultDamaged', cause: expect.stringContaining('SHA-256') as string });
    expect((await rig.catalog.getJob('src', scan.job.jobId))?.state).toBe('FAILED');
    expect(await rig.catalog.getLock('src')).toBeUndefined();
  });

  test.each([
    [undefined, 'failed without a cause'],
    ['{"errorType":"X","errorMessage":"a sentence"}', 'a sentence'],
    ['plain words', 'plain words'],
    ['null', 'null'],
  ])('turns the cause %j into a sentence', async (Cause, sentence) => {
    const rig = new Rig();
    const execution = rig.execution('e');
    const failure = { input: 7, execution, error: { Error: 'X', Cause }, failedAt: execution.startTime };
    expect((await recordFailure(rig.ports, 'RESTORE', failure)).cause).toContain(sentence);
    expect((await rig.catalog.listJobs({})).items).toEqual([]);
  });
});

describe('a schedule', () => {
  const input = {
    plan: 'Plan',
    rule: 'Daily',
    scheduledTime: '2026-11-22T05:00:00Z',
    startWindowMinutes: 60,
    completionWindowMinutes: 120,
    request: { deleteAfterDays: 35 },
  };

  const portsFor = (
    executions: MemoryExecutions,
    bucketsWith: StartPorts['tags']['bucketsWith'] = () => Promise.resolve([]),
  ): StartPorts => ({
    executions,
    upkeep: executions,
    captureControl: new MemoryCaptureControl(),
    tags: { bucketsWith },
    log: new SilentLog(),
    ownBuckets: ['the-vault', 'the-scratch'],
  });

  test('starts one execution for each bucket, once, with its windows and a delay within a quarter of the start window', async () => {
    const executions = new MemoryExecutions();
    const buckets = Array.from({ length: 50 }, (_, i) => `bucket-${String(i)}`);
    await startJobs(portsFor(executions), { ...input, buckets });
    await startJobs(portsFor(executions), { ...input, buckets });
    expect(executions.started).toHaveLength(50);
    const starts = executions.started.map(
      ({ input: each }) => each as { bucket: string; scheduled: Record<string, string> },
    );
    expect(starts.map(({ bucket }) => bucket)).toEqual(buckets);
    expect(starts[0]).toMatchObject({
      deleteAfterDays: 35,
      scheduled: {
        plan: 'Plan',
        rule: 'Daily',
        scheduledTime: '2026-11-22T05:00:00Z',
        startBy: '2026-11-22T06:00:00Z',
        completeBy: '2026-11-22T08:00:00Z',
      },
    });
    const delays = starts.map(
      ({ scheduled }) => Date.parse(scheduled.notBefore ?? '') - Date.parse(input.scheduledTime),
    );
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...delays)).toBeLessThanOrEqual(15 * 60_000);
    expect(new Set(delays).size).toBeGreaterThan(25);
    expect(executions.started.every(({ name }) => /^[\w-]{1,80}$/.test(name))).toBe(true);
  });

  test('finds the buckets of a tag when it fires, each once, and never those of the vault', async () => {
    const tagged: Record<string, string[]> = {
      'backup=yes': ['new-bucket', 'named', 'the-vault', 'the-scratch'],
      'tier=1': ['new-bucket', 'a-bucket'],
    };
    const executions = new MemoryExecutions();
    const ports = portsFor(executions, ({ key, value }) => Promise.resolve(tagged[`${key}=${value}`] ?? []));
    const tags = [
      { key: 'backup', value: 'yes' },
      { key: 'tier', value: '1' },
      { key: 'no', value: 'bucket' },
    ];
    expect(await startJobs(ports, { ...input, buckets: ['named'], tags })).toEqual({ started: 3 });
    tagged['tier=1']?.push('later');
    await startJobs(ports, { ...input, scheduledTime: '2026-11-23T05:00:00Z', buckets: ['named'], tags });
    const buckets = executions.started.map(({ input: each }) => (each as { bucket: string }).bucket);
    expect(buckets).toEqual(['named', 'a-bucket', 'new-bucket', 'named', 'a-bucket', 'later', 'new-bucket']);
  });

  test('that cannot ask for tags starts nothing, and is tried again', async () => {
    const executions = new MemoryExecutions();
    const ports = portsFor(executions, () => Promise.reject(new Error('throttled')));
    const tags = [{ key: 'backup', value: 'yes' }];
    await expect(startJobs(ports, { ...input, buckets: ['named'], tags })).rejects.toThrow('throttled');
    expect(executions.started).toEqual([]);
  });

  test('does not delay a single bucket', async () => {
    const executions = new MemoryExecutions();
    await startJobs(portsFor(executions), { ...input, buckets: ['one.with.dots'] });
    expect(executions.started[0]).toMatchObject({ input: { scheduled: { notBefore: input.scheduledTime } } });
  });
});
