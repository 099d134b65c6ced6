import type { ExecutionEnded } from '../../../lambda/contract/steps';
import { jobIdOf } from '../../../lambda/core/values/job-id';
import { commitBackup } from '../../../lambda/usecases/backup/commit';
import { partitionBackup } from '../../../lambda/usecases/backup/partition';
import { prepareBackup } from '../../../lambda/usecases/backup/prepare';
import { backUpRange } from '../../../lambda/usecases/backup/range';
import { scanBackup } from '../../../lambda/usecases/backup/scan';
import { endJob } from '../../../lambda/usecases/jobs/ended';
import { historyOf } from '../../support/bucket-state';
import { Rig, Stopped, VAULT } from '../support/rig';

function filled(): Rig {
  const rig = new Rig({ settings: { packThreshold: 4, rangeWeight: 2 } });
  rig.s3.createBucket('src');
  for (const key of ['a', 'b', 'c']) rig.s3.put('src', key, `body of ${key}`);
  rig.s3.put('src', 'd', 'x');
  rig.s3.advance(5);
  return rig;
}
const jobsOf = async (rig: Rig) => (await rig.catalog.listJobs({})).items;
const eventsOf = (rig: Rig, state: string) =>
  rig.events.published.filter(({ detail }) => detail.state === state || detail.status === state);

describe('a backup that is stopped', () => {
  test('at any call has its end recorded, and the next job backs the bucket up', async () => {
    for (let n = 1; ; n++) {
      const rig = filled();
      let calls = 0;
      const stop = (): void => {
        if (++calls === n) throw new Stopped();
      };
      for (const store of rig.stores) store.calls.beforeCall = stop;
      const outcome: unknown = await rig.backup({ bucket: 'src' }).catch((error: unknown) => error);
      for (const store of rig.stores) store.calls.beforeCall = undefined;
      if (calls < n) break;
      expect(outcome).toBeInstanceOf(Stopped);
      expect(await jobsOf(rig)).toMatchObject([{ state: 'ABORTED', statusMessage: 'the execution was stopped' }]);
      expect(eventsOf(rig, 'ABORTED')).toHaveLength(1);
      expect(await rig.catalog.getLock('src')).toBeUndefined();
      rig.s3.advance(60);
      expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', versions: 4 });
      await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' });
      expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
    }
  });

  test('while a step still runs is not running again when the step is done', async () => {
    const rig = filled();
    const input = { bucket: 'src' };
    const execution = rig.execution('stopped');
    let isStopped = false;
    rig.vaultStore.calls.beforeCall = async () => {
      if (isStopped) return;
      isStopped = true;
      await endJob(rig.ports, 'BACKUP', rig.ended(input, execution));
    };
    await prepareBackup(rig.ports, { input, execution });
    expect(isStopped).toBe(true);
    expect(await jobsOf(rig)).toMatchObject([{ state: 'ABORTED' }]);
    expect(rig.events.published.at(-1)?.detail).toMatchObject({ state: 'ABORTED' });
    rig.s3.advance(60);
    expect(await rig.backup(input)).toMatchObject({ status: 'COMPLETED', stored: 4 });
  });

  test('too late is COMPLETED: its recovery point is there', async () => {
    const rig = filled();
    const input = { bucket: 'src' };
    const execution = rig.execution('late');
    const scan = await prepareBackup(rig.ports, { input, execution });
    if ('wait' in scan) throw new Error('busy');
    await scanBackup(rig.ports, { job: scan.job, unit: { id: '0' }, turn: 0 });
    const ranges = await partitionBackup(rig.ports, { job: scan.job, choosesConcurrency: true });
    const units = ranges.units.count;
    for (let id = 0; id < units; id++) {
      const unit = (await rig.ports.scratch.store.get({ bucket: 'the-scratch', key: ranges.units.key })).body;
      const line = Buffer.from(unit).toString('utf8').split('\n')[id] ?? '';
      for (let turn = 0, more = true; more; turn++)
        ({ more } = await backUpRange(rig.ports, { job: scan.job, unit: JSON.parse(line) as never, turn }));
    }
    let isStopped = false;
    rig.vaultStore.calls.afterCall = async ({ operation }) => {
      if (operation !== 'PutObject' || isStopped) return;
      isStopped = true;
      await endJob(rig.ports, 'BACKUP', rig.ended(input, execution));
    };
    await commitBackup(rig.ports, { job: scan.job });
    expect(isStopped).toBe(true);
    expect(await jobsOf(rig)).toMatchObject([{ state: 'COMPLETED' }]);
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toHaveLength(1);
  });
});

describe('the end of a job', () => {
  const start = '2026-11-22T05:00:00.250Z';
  const execution = { arn: 'arn:aws:states:us-east-1:111111111111:execution:backup:x', name: 'x', startTime: start };
  const ended = (rig: Rig, input: unknown, fields: Partial<ExecutionEnded> = {}): ExecutionEnded =>
    rig.ended(input, execution, fields);

  test('that has no record yet gets one, with plan and rule', async () => {
    const rig = filled();
    const input = { bucket: 'src', scheduled: { plan: 'Plan', rule: 'Daily' } };
    await endJob(rig.ports, 'BACKUP', ended(rig, input));
    expect(await jobsOf(rig)).toMatchObject([
      {
        jobId: jobIdOf({ arn: execution.arn, startTime: '2026-11-22T05:00:00Z' }),
        type: 'BACKUP',
        bucket: 'src',
        state: 'ABORTED',
        createdAt: '2026-11-22T05:00:00Z',
        plan: 'Plan',
        rule: 'Daily',
      },
    ]);
  });

  test.each<[Partial<ExecutionEnded>, object]>([
    [{ status: 'TIMED_OUT' }, { state: 'FAILED', statusMessage: 'States.Timeout: the execution timed out' }],
    [
      { status: 'FAILED', error: 'Lambda.Unknown', cause: '{"errorMessage":"no memory"}' },
      { state: 'FAILED', statusMessage: 'Lambda.Unknown: no memory' },
    ],
    [
      { status: 'FAILED' },
      { state: 'FAILED', statusMessage: expect.stringMatching(/^States.Runtime: the step failed without a cause/) },
    ],
  ])('%j is recorded as %j', async (fields, record) => {
    const rig = filled();
    await endJob(rig.ports, 'BACKUP', ended(rig, { bucket: 'src' }, fields));
    expect(await jobsOf(rig)).toMatchObject([record]);
    expect(eventsOf(rig, 'FAILED')).toHaveLength(1);
  });

  test('that is recorded already stays as it is', async () => {
    const rig = filled();
    rig.source.calls.beforeCall = () => {
      throw new Error('out of memory');
    };
    const input = { bucket: 'src' };
    await rig.backup(input, 'x').catch(() => undefined);
    const before = await jobsOf(rig);
    expect(before).toMatchObject([{ state: 'FAILED', statusMessage: 'Error: out of memory' }]);
    const events = rig.events.published.length;
    const { startTime, arn } = rig.execution('x');
    const fields = { executionArn: arn, startDate: Date.parse(startTime), status: 'FAILED', error: 'Error' } as const;
    await endJob(rig.ports, 'BACKUP', ended(rig, input, fields));
    expect(await jobsOf(rig)).toEqual(before);
    expect(rig.events.published).toHaveLength(events);
  });

  test('that is told twice is recorded once, and published until it is out', async () => {
    const rig = filled();
    const publish = jest.spyOn(rig.events, 'publish').mockRejectedValueOnce(new Error('throttled'));
    const event = ended(rig, { bucket: 'src' });
    await expect(endJob(rig.ports, 'BACKUP', event)).rejects.toThrow('throttled');
    await endJob(rig.ports, 'BACKUP', event);
    expect(publish).toHaveBeenCalledTimes(2);
    expect(await jobsOf(rig)).toHaveLength(1);
    expect(eventsOf(rig, 'ABORTED')).toHaveLength(1);
  });

  test('frees the lock that the job holds, and no other', async () => {
    const rig = filled();
    const lock = { bucket: 'src', jobId: jobIdOf(execution), executionArn: execution.arn };
    await rig.catalog.takeLock(lock);
    await endJob(rig.ports, 'BACKUP', ended(rig, { bucket: 'src' }));
    expect(await rig.catalog.getLock('src')).toBeUndefined();
    const other = await rig.catalog.takeLock({ ...lock, jobId: 'other' });
    await endJob(rig.ports, 'BACKUP', ended(rig, { bucket: 'src' }));
    expect(await rig.catalog.getLock('src')).toEqual(other);
  });

  test('is found by its execution when the input is too long for an event', async () => {
    const rig = filled();
    const { executionArn } = await rig.executions.start({ name: 'x', input: { sourceBucket: 'src' } });
    await endJob(rig.ports, 'RESTORE', ended(rig, null, { executionArn, input: null }));
    expect(await jobsOf(rig)).toMatchObject([{ type: 'RESTORE', bucket: 'src', state: 'ABORTED' }]);
    expect(eventsOf(rig, 'ABORTED')[0]?.detailType).toBe('Restore Job State Change');
  });

  test.each([null, 7, 'src', {}, { bucket: 3 }, { bucket: '' }, { bucket: 'x'.repeat(64) }])(
    'of the input %j has no bucket to be filed under',
    async (input) => {
      const rig = filled();
      await endJob(rig.ports, 'BACKUP', ended(rig, input));
      expect(await jobsOf(rig)).toEqual([]);
      expect(rig.events.published).toEqual([]);
    },
  );

  test('of a restore keeps what is known of it', async () => {
    const rig = filled();
    const { recoveryPointId } = await rig.backup({ bucket: 'src' });
    rig.destination.calls.beforeCall = ({ operation }) => {
      if (operation === 'PutObject' || operation === 'CopyObject') throw new Stopped();
    };
    const input = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true };
    await expect(rig.restore(input)).rejects.toBeInstanceOf(Stopped);
    const [restore] = (await rig.catalog.listJobs({ type: 'RESTORE' })).items;
    expect(restore).toMatchObject({ state: 'ABORTED', recoveryPointId });
    expect(eventsOf(rig, 'ABORTED')[0]?.detail).toMatchObject({ status: 'ABORTED' });
  });
});
