import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectTaggingCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DescribeExecutionCommand, ListExecutionsCommand, SFNClient } from '@aws-sdk/client-sfn';
import { clientConfig, localAccount, localRegion } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { eventually } from '../../local/service/process-group';
import { allow, deployTemplate, engineStartLimitMs, role, type Json } from './support';

/** Events and schedules start state machines that do nothing; the inputs of their executions are what was delivered. */

const Bucket = 'events-source';
const Key = 'a b+é/😀';
const pass = { StartAt: 'P', States: { P: { Type: 'Pass', End: true } } };
const deliveryLimitMs = 10 * 60_000;

let engine: Engine;
let s3: S3Client;
let machines: Record<string, string>;
let soon: string;

const machine = (name: string): { Type: string; Properties: Json } => ({
  Type: 'AWS::StepFunctions::StateMachine',
  Properties: {
    StateMachineName: name,
    RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
    DefinitionString: JSON.stringify(pass),
  },
});

const wallClock = (ms: number): string => new Date(ms).toISOString().slice(0, 19);

const schedule = (Name: string, ScheduleExpression: string, zone: string): { Type: string; Properties: Json } => ({
  Type: 'AWS::Scheduler::Schedule',
  Properties: {
    Name,
    ScheduleExpression,
    ScheduleExpressionTimezone: zone,
    FlexibleTimeWindow: { Mode: 'OFF' },
    Target: {
      Arn: { 'Fn::GetAtt': ['Schedules', 'Arn'] },
      RoleArn: { 'Fn::GetAtt': ['Role', 'Arn'] },
      Input: JSON.stringify({
        time: '<aws.scheduler.scheduled-time>',
        id: '<aws.scheduler.execution-id>',
        schedule: '<aws.scheduler.schedule-arn>',
        attempt: '<aws.scheduler.attempt-number>',
      }),
    },
  },
});

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client(clientConfig(engine));
  soon = wallClock(Date.now() + 4000);
  machines = await deployTemplate(
    engine,
    'eventing',
    {
      Role: role([allow('states:StartExecution')]),
      Events: machine('events'),
      Schedules: machine('schedules'),
      Bucket: {
        Type: 'AWS::S3::Bucket',
        Properties: {
          BucketName: Bucket,
          VersioningConfiguration: { Status: 'Enabled' },
          OwnershipControls: { Rules: [{ ObjectOwnership: 'ObjectWriter' }] },
          NotificationConfiguration: { EventBridgeConfiguration: { EventBridgeEnabled: true } },
        },
      },
      Soon: schedule('soon', `at(${soon})`, 'UTC'),
      // Kolkata is 5:30 ahead of UTC all year.
      Zoned: schedule('zoned', `at(${wallClock(Date.now() + 4000 + 5.5 * 3_600_000)})`, 'Asia/Kolkata'),
      Minutely: schedule('minutely', 'cron(* * * * ? *)', 'Asia/Kolkata'),
    },
    { Events: { Ref: 'Events' }, Schedules: { Ref: 'Schedules' } },
  );
  const events = new EventBridgeClient(clientConfig(engine));
  await events.send(new PutRuleCommand({ Name: 'all', EventPattern: JSON.stringify({ source: ['aws.s3'] }) }));
  await events.send(new PutTargetsCommand({ Rule: 'all', Targets: [{ Id: 'all', Arn: machines.Events }] }));
}, engineStartLimitMs);

afterAll(() => engine.stop());

interface S3Event {
  'detail-type': string;
  time: string;
  detail: { object: Record<string, Json>; [name: string]: Json };
}

async function inputs<Input>(stateMachineArn: string | undefined): Promise<Input[]> {
  const sfn = new SFNClient(clientConfig(engine));
  const { executions = [] } = await sfn.send(new ListExecutionsCommand({ stateMachineArn }));
  const described = await Promise.all(
    executions.map(({ executionArn }) => sfn.send(new DescribeExecutionCommand({ executionArn }))),
  );
  return described.map(({ input }) => JSON.parse(input ?? 'null') as Input);
}

/** Waits for the event of one write: by type and version. */
async function delivered(kind: string, versionId?: string): Promise<S3Event> {
  let found: S3Event | undefined;
  await eventually(async () => {
    const events = await inputs<S3Event>(machines.Events);
    found = events.find((e) => e['detail-type'] === kind && e.detail.object['version-id'] === versionId);
    return found !== undefined;
  }, deliveryLimitMs);
  if (found === undefined) throw new Error(`no event "${kind}" of version ${String(versionId)}`);
  return found;
}

const clean = (etag: string | undefined): string => (etag ?? '').replaceAll('"', '');

test('creations carry key, size, ETag, version and sequencer, and say why', async () => {
  const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body' }));
  const event = await delivered('Object Created', put.VersionId);
  expect(event).toMatchObject({
    source: 'aws.s3',
    account: localAccount,
    region: localRegion,
    resources: [`arn:aws:s3:::${Bucket}`],
    time: expect.stringMatching(/T\d\d:\d\d:\d\dZ$/) as string,
    detail: { bucket: { name: Bucket }, reason: 'PutObject', object: { key: Key, size: 4, etag: clean(put.ETag) } },
  });
  expect(event.detail.object.sequencer).toMatch(/^[0-9A-F]+$/);
  const CopySource = `${Bucket}/${encodeURIComponent(Key)}?versionId=${put.VersionId ?? ''}`;
  const copied = await s3.send(new CopyObjectCommand({ Bucket, Key: 'copied', CopySource }));
  expect(await delivered('Object Created', copied.VersionId)).toMatchObject({ detail: { reason: 'CopyObject' } });
});

test('deletions name the version that was removed or the marker that was made, also over nothing', async () => {
  const put = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'body' }));
  const marker = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  const made = await delivered('Object Deleted', marker.VersionId);
  expect(made.detail).toMatchObject({ reason: 'DeleteObject', 'deletion-type': 'Delete Marker Created' });
  expect(Object.keys(made.detail.object).sort()).toEqual(['key', 'sequencer', 'version-id']);
  await s3.send(new DeleteObjectCommand({ Bucket, Key, VersionId: put.VersionId }));
  const removed = await delivered('Object Deleted', put.VersionId);
  expect(removed.detail).toMatchObject({ 'deletion-type': 'Permanently Deleted' });
  const nothing = await s3.send(new DeleteObjectCommand({ Bucket, Key: 'never written' }));
  await delivered('Object Deleted', nothing.VersionId);
});

test('changes of tags and ACLs name the version they were made to', async () => {
  const { VersionId, ETag } = await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'older' }));
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: 'newer' }));
  const version = { Bucket, Key, VersionId };
  await s3.send(new PutObjectTaggingCommand({ ...version, Tagging: { TagSet: [{ Key: 'a', Value: '1' }] } }));
  await s3.send(new DeleteObjectTaggingCommand(version));
  await s3.send(new PutObjectAclCommand({ ...version, ACL: 'bucket-owner-read' }));
  for (const kind of ['Object Tags Added', 'Object Tags Deleted', 'Object ACL Updated']) {
    const event = await delivered(kind, VersionId);
    expect(event.detail.object).toEqual({ key: Key, etag: clean(ETag), 'version-id': VersionId });
  }
});

async function fired(name: string, limitMs: number): Promise<Record<string, string> | undefined> {
  let found: Record<string, string> | undefined;
  await eventually(async () => {
    const all = await inputs<Record<string, string>>(machines.Schedules);
    found = all.find((input) => input.schedule?.endsWith(`/${name}`));
    return found !== undefined;
  }, limitMs);
  return found;
}

test('a schedule fills its context attributes into the input of its target', async () => {
  expect(await fired('soon', deliveryLimitMs)).toEqual({
    time: `${soon}Z`,
    id: expect.stringMatching(/^[-0-9a-f]{36}$/) as string,
    schedule: `arn:aws:scheduler:${localRegion}:${localAccount}:schedule/default/soon`,
    attempt: '1',
  });
});

test('a schedule fires by the clocks of its time zone', async () => {
  const zoned = await fired('zoned', deliveryLimitMs);
  expect(Math.abs(Date.parse(zoned?.time ?? '') - Date.parse(`${soon}Z`))).toBeLessThanOrEqual(1000);
});

test('the scheduled time of a cron schedule is a whole minute', async () => {
  expect((await fired('minutely', deliveryLimitMs))?.time).toMatch(/T\d\d:\d\d:00Z$/);
});
