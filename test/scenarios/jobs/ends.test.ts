import { MetricName } from '../../../lambda/contract/metrics';
import { jobIdOf } from '../../../lambda/core/values/job-id';
import { endJob } from '../../../lambda/usecases/jobs/ended';
import { Rig, Stopped } from '../support/rig';

function filled(): Rig {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'a', 'body of a');
  rig.s3.advance(5);
  return rig;
}
const upkeep = { bucket: 'src', deleteAfterDays: 35 };
const JOBS = [MetricName.jobsCompleted, MetricName.jobsPartial, MetricName.jobsFailed, MetricName.jobsExpired];
const counted = (rig: Rig): Record<string, number> =>
  Object.fromEntries(
    JOBS.map((name): [string, number] => [name, rig.metrics.of(name).length]).filter(([, count]) => count > 0),
  );
const jobsOf = async (rig: Rig) => (await rig.catalog.listJobs({})).items;

describe('a job counts once', () => {
  test('when it did all it had to, be it a backup, upkeep or a restore', async () => {
    const rig = filled();
    await rig.backup({ bucket: 'src' });
    rig.s3.advance(60);
    await rig.upkeep(upkeep);
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(counted(rig)).toEqual({ JobsCompleted: 3 });
    expect(rig.metrics.values.filter(({ name }) => name === MetricName.jobsCompleted)).toEqual(
      Array(3).fill({ name: 'JobsCompleted', value: 1, bucket: 'src' }),
    );
  });

  test('when it had to leave something out', async () => {
    const rig = filled();
    rig.s3.put('src', 'cold', 'x', { storageClass: 'DEEP_ARCHIVE' });
    rig.s3.advance(5);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'PARTIAL' });
    expect(counted(rig)).toEqual({ JobsPartial: 1 });
  });

  test('when it failed', async () => {
    const rig = filled();
    await expect(rig.backup({ bucket: 'missing' })).rejects.toThrow('does not exist');
    await expect(rig.upkeep({ bucket: 'missing', deleteAfterDays: 35 })).rejects.toThrow('does not exist');
    await expect(rig.restore({ sourceBucket: 'src' })).rejects.toThrow();
    expect(counted(rig)).toEqual({ JobsFailed: 3 });
  });

  test('not when a person stopped it', async () => {
    const rig = filled();
    rig.vaultStore.calls.beforeCall = () => {
      throw new Stopped();
    };
    await rig.backup({ bucket: 'src' }).catch(() => undefined);
    expect(await jobsOf(rig)).toMatchObject([{ state: 'ABORTED' }]);
    expect(counted(rig)).toEqual({});
  });

  test('when it found its bucket busy until its start window had ended', async () => {
    const rig = filled();
    const at = (seconds: number): string => new Date((Math.floor(rig.s3.now) + seconds) * 1000).toISOString();
    const scheduled = {
      plan: 'plan',
      rule: 'Continuous',
      scheduledTime: at(-7200),
      startBy: at(-3600),
      completeBy: at(3600),
    };
    await expect(rig.upkeep({ ...upkeep, scheduled })).rejects.toMatchObject({ name: 'StartWindowExceeded' });
    expect(await jobsOf(rig)).toMatchObject([{ state: 'EXPIRED', type: 'UPKEEP', plan: 'plan', rule: 'Continuous' }]);
    expect(counted(rig)).toEqual({ JobsExpired: 1 });
  });
});

describe('upkeep that does not end well', () => {
  test('is filed under its bucket, frees its lock, and tells no event that AWS Backup knows', async () => {
    const rig = filled();
    const { beforeCall } = rig.vaultStore.calls;
    rig.vaultStore.calls.beforeCall = () => {
      throw new Error('the vault is out of reach');
    };
    await expect(rig.upkeep(upkeep)).rejects.toThrow('out of reach');
    rig.vaultStore.calls.beforeCall = beforeCall;
    expect(await jobsOf(rig)).toMatchObject([{ type: 'UPKEEP', bucket: 'src', state: 'FAILED' }]);
    expect(await rig.catalog.getLock('src')).toBeUndefined();
    expect(rig.events.published).toEqual([]);
    expect(await rig.upkeep(upkeep)).toMatchObject({ status: 'COMPLETED' });
  });

  test('is ended by what Step Functions tells of it, if it cannot do so itself', async () => {
    const rig = filled();
    const execution = rig.execution('stopped');
    const jobId = jobIdOf(execution);
    await rig.catalog.takeLock({ bucket: 'src', jobId, executionArn: execution.arn, type: 'UPKEEP' });
    await endJob(rig.ports, 'UPKEEP', rig.ended(upkeep, execution, { status: 'TIMED_OUT' }));
    expect(await jobsOf(rig)).toMatchObject([{ jobId, type: 'UPKEEP', bucket: 'src', state: 'FAILED' }]);
    expect(await rig.catalog.getLock('src')).toBeUndefined();
    expect(rig.events.published).toEqual([]);
    expect(counted(rig)).toEqual({ JobsFailed: 1 });
  });
});
