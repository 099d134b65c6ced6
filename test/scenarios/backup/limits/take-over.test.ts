import { SfnExecutions } from '../../../../lambda/adapters/aws/runtime/sfn-executions';
import { jobIdOf } from '../../../../lambda/core/values/job-id';
import { prepareBackup } from '../../../../lambda/usecases/backup/prepare';
import { jsonClient } from '../../../support/json-client';
import { Rig, VAULT } from '../../support/rig';

const input = { bucket: 'src' };

/** A bucket whose lock an execution holds, and what Step Functions says of that execution. */
async function held(status: number, answer: object) {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'x');
  rig.s3.advance(1);
  const holder = rig.execution('holder');
  const prepared = await prepareBackup(rig.ports, { input, execution: holder });
  if ('wait' in prepared) throw new Error('busy');
  rig.s3.advance(60);
  const executions = new SfnExecutions({ client: jsonClient([], status, answer) });
  Object.assign(rig.ports, { executions });
  return { rig, holder };
}

describe.each(['RUNNING', 'PENDING_REDRIVE'])('while the execution that holds a bucket is %s', (status) => {
  test('a job that a person starts is refused, and names it', async () => {
    const { rig, holder } = await held(200, { status });
    await expect(rig.backup(input)).rejects.toMatchObject({
      name: 'BackupAlreadyRunning',
      message: expect.stringContaining(jobIdOf(holder)) as string,
    });
    expect(await rig.catalog.getLock('src')).toMatchObject({ executionArn: holder.arn, fence: 1 });
  });

  test('a scheduled job waits until its start window ends, and is EXPIRED then', async () => {
    const { rig } = await held(200, { status });
    const at = (seconds: number): string => new Date((rig.s3.now + seconds) * 1000).toISOString();
    const scheduled = { plan: 'Plan', rule: 'Rule', scheduledTime: at(0), startBy: at(120), completeBy: at(600) };
    const execution = rig.execution('waiting');
    const ask = () => prepareBackup(rig.ports, { input: { ...input, scheduled }, execution });
    expect(await ask()).toEqual({ wait: 60 });
    rig.s3.advance(121);
    await expect(ask()).rejects.toMatchObject({ name: 'StartWindowExceeded' });
    await expect(rig.backup({ ...input, scheduled }, 'late')).rejects.toMatchObject({ name: 'StartWindowExceeded' });
    const [record] = (await rig.catalog.listJobs(input)).items;
    expect(record).toMatchObject({ state: 'EXPIRED', plan: 'Plan', rule: 'Rule' });
    expect(record?.statusMessage).toMatch(/^StartWindowExceeded: the job could not start by /);
    expect(rig.events.published.at(-1)).toMatchObject({
      detailType: 'Backup Job State Change',
      detail: { backupJobId: record?.jobId, state: 'EXPIRED', statusMessage: record?.statusMessage },
    });
  });
});

describe.each([
  ['FAILED', 200, { status: 'FAILED' }],
  ['ABORTED', 200, { status: 'ABORTED' }],
  ['TIMED_OUT', 200, { status: 'TIMED_OUT' }],
  ['SUCCEEDED', 200, { status: 'SUCCEEDED' }],
  ['forgotten', 400, { __type: 'com.amazonaws.swf.service.v2.model#ExecutionDoesNotExist', message: 'no' }],
])('when the execution that holds a bucket is %s', (_, status, answer) => {
  test('the next job takes over, under the next number', async () => {
    const { rig } = await held(status, answer);
    const output = await rig.backup(input);
    expect(output).toMatchObject({ status: 'COMPLETED', stored: 1 });
    expect(await rig.catalog.getLock('src')).toBeUndefined();
    expect(await rig.catalog.takeLock({ bucket: 'src', jobId: 'third', executionArn: 'arn:3' })).toMatchObject({
      fence: 3,
    });
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toHaveLength(1);
  });
});
