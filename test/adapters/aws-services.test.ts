import { EventBridgePublisher } from '../../lambda/adapters/aws/events/event-bridge-publisher';
import { lambdaDeadline } from '../../lambda/adapters/aws/runtime/lambda-deadline';
import { SfnExecutions } from '../../lambda/adapters/aws/runtime/sfn-executions';
import { AwsBucketAdmin } from '../../lambda/adapters/aws/s3/aws-bucket-admin';
import { type Answer, DATE_SECONDS, errorXml, FakeS3 } from '../support/fake-s3';
import { jsonClient } from '../support/json-client';

const ACCOUNT = '111111111111';

describe('bucket admin', () => {
  const adminOn = (...answers: Answer[]) => {
    const s3 = new FakeS3(...answers);
    return { s3, admin: new AwsBucketAdmin({ accountId: ACCOUNT, client: { ...s3.config, maxAttempts: 1 } }) };
  };

  test('describes a bucket from before object ownership in three requests', async () => {
    const { s3, admin } = adminOn(
      { headers: { 'x-amz-bucket-region': 'eu-central-1' } },
      { body: '<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>' },
      { status: 404, body: errorXml('OwnershipControlsNotFoundError') },
    );
    expect(await admin.describe('photos')).toEqual({
      region: 'eu-central-1',
      versioning: 'Enabled',
      ownership: 'ObjectWriter',
      aclsEnabled: true,
      date: DATE_SECONDS,
    });
    expect(s3.sent).toHaveLength(3);
    for (const { headers } of s3.sent) expect(headers['x-amz-expected-bucket-owner']).toBe(ACCOUNT);
  });

  test('finds a bucket of another Region', async () => {
    const { s3, admin } = adminOn(
      { status: 301, headers: { 'x-amz-bucket-region': 'us-west-2' } },
      { headers: { 'x-amz-bucket-region': 'us-west-2' } },
      { body: '<VersioningConfiguration/>' },
      { body: '<OwnershipControls/>' },
    );
    expect(await admin.describe('photos')).toMatchObject({ region: 'us-west-2', versioning: 'Disabled' });
    expect(s3.sent[1]?.hostname).toBe('photos.s3.us-west-2.amazonaws.com');
  });

  test('says when there is no bucket, or no access', async () => {
    await expect(adminOn({ status: 404 }).admin.describe('photos')).rejects.toMatchObject({ code: 'no-such-bucket' });
    await expect(adminOn({ status: 403 }).admin.describe('photos')).rejects.toMatchObject({ code: 'access-denied' });
  });

  test('creates a bucket in its Region, owned, private and versioned', async () => {
    const { s3, admin } = adminOn({});
    await admin.create('restored', { ownership: 'ObjectWriter' });
    const bodies = s3.sent.map(({ body }) => String(body));
    expect(bodies[0]).toContain('<LocationConstraint>eu-central-1</LocationConstraint>');
    expect(bodies[1]).toContain('<ObjectOwnership>ObjectWriter</ObjectOwnership>');
    expect(bodies[2]?.match(/>true</g)).toHaveLength(4);
    expect(bodies[3]).toContain('<Status>Enabled</Status>');
    const classic = new AwsBucketAdmin({ client: { ...s3.config, region: 'us-east-1' } });
    s3.sent.length = 0;
    await classic.create('restored', { ownership: 'BucketOwnerEnforced' });
    expect(s3.sent).toHaveLength(4);
    expect(String(s3.sent[0]?.body)).not.toContain('LocationConstraint');
  });

  test('takes a bucket of its own for created, and no other', async () => {
    const own = adminOn({ status: 409, body: errorXml('BucketAlreadyOwnedByYou') }, {});
    await own.admin.create('restored', { ownership: 'BucketOwnerEnforced' });
    expect(own.s3.sent).toHaveLength(4);
    const { admin } = adminOn({ status: 409, body: errorXml('BucketAlreadyExists') });
    const taken = admin.create('restored', { ownership: 'BucketOwnerEnforced' });
    await expect(taken).rejects.toMatchObject({ code: 'access-denied' });
  });

  test('adds EventBridge to what a bucket notifies, without asking the targets', async () => {
    const queue =
      '<QueueConfiguration><Queue>arn:q</Queue><Event>s3:ObjectCreated:*</Event><Id>q</Id></QueueConfiguration>';
    const { s3, admin } = adminOn({ body: `<NotificationConfiguration>${queue}</NotificationConfiguration>` }, {});
    expect(await admin.ensureEventBridge('photos')).toBe('enabled');
    expect(s3.last.headers).toMatchObject({
      'x-amz-skip-destination-validation': 'true',
      'x-amz-expected-bucket-owner': ACCOUNT,
    });
    expect(String(s3.last.body)).toContain(queue);
    expect(String(s3.last.body)).toContain('<EventBridgeConfiguration');
  });

  test('writes nothing where events go to EventBridge already', async () => {
    const { s3, admin } = adminOn({
      body: '<NotificationConfiguration><EventBridgeConfiguration/></NotificationConfiguration>',
    });
    expect(await admin.ensureEventBridge('photos')).toBe('was-enabled');
    expect(s3.sent.map(({ method }) => method)).toEqual(['GET']);
  });

  test("sets up an inventory of all versions, in the bucket's partition, and leaves it alone after that", async () => {
    const settings = { id: 'ours', destinationBucket: 's', prefix: 'p', frequency: 'Daily', format: 'CSV' } as const;
    const s3 = new FakeS3({ status: 404, body: errorXml('NoSuchConfiguration') }, {});
    const options = { accountId: ACCOUNT, partition: 'aws-cn', client: { ...s3.config, maxAttempts: 1 } };
    expect(await new AwsBucketAdmin(options).ensureInventory('photos', settings)).toBe('created');
    expect(s3.last.query).toMatchObject({ inventory: '', id: 'ours' });
    const body = String(s3.last.body);
    for (const part of ['<Bucket>arn:aws-cn:s3:::s</Bucket>', `<AccountId>${ACCOUNT}</AccountId>`, '>All<'])
      expect(body).toContain(part);
    expect(body.match(/<Field>/g)).toHaveLength(15);
    const again = adminOn({ body: body.replaceAll('aws-cn', 'aws') });
    expect(await again.admin.ensureInventory('photos', settings)).toBe('was-there');
    expect(again.s3.sent.map(({ method }) => method)).toEqual(['GET']);
  });
});

describe('executions', () => {
  const stateMachineArn = 'arn:aws:states:us-east-1:111111111111:stateMachine:backup';
  const on = (status: number, body: object, sent: unknown[] = []) =>
    new SfnExecutions({ stateMachineArn, client: jsonClient(sent, status, body) });
  const fault = (name: string) => ({ __type: `com.amazonaws.swf.service.v2.model#${name}`, message: 'no' });

  test.each([
    ['RUNNING', true],
    ['PENDING_REDRIVE', true],
    ['SUCCEEDED', false],
    ['FAILED', false],
    ['ABORTED', false],
    ['TIMED_OUT', false],
  ])('in state %s run: %s', async (status, running) => {
    expect(await on(200, { status }).isRunning('arn')).toBe(running);
  });

  test('that Step Functions does not know do not run', async () => {
    expect(await on(400, fault('ExecutionDoesNotExist')).isRunning('arn')).toBe(false);
    expect(await on(400, fault('InvalidArn')).isRunning('arn')).toBe(false);
    await expect(on(400, fault('AccessDeniedException')).isRunning('arn')).rejects.toThrow('no');
  });

  test('tell their input', async () => {
    expect(await on(200, { status: 'ABORTED', input: '{"bucket":"photos"}' }).inputOf('arn')).toEqual({
      bucket: 'photos',
    });
    expect(await on(400, fault('ExecutionDoesNotExist')).inputOf('arn')).toBeUndefined();
  });

  test('start once', async () => {
    const sent: unknown[] = [];
    const input = { bucket: 'photos' };
    const executionArn = 'arn:aws:states:us-east-1:111111111111:execution:backup:job';
    expect(await on(200, { executionArn }, sent).start({ name: 'job', input })).toEqual({ executionArn });
    expect(sent).toEqual([{ stateMachineArn, name: 'job', input: JSON.stringify(input) }]);
    const again = on(400, fault('ExecutionAlreadyExists'));
    expect(await again.start({ name: 'job', input })).toEqual({ executionArn });
    await expect(new SfnExecutions().start({ name: 'job', input })).rejects.toThrow('no state machine');
  });
});

describe('events', () => {
  const event = {
    detailType: 'Backup Job State Change',
    resources: ['arn:aws:s3:::photos'],
    detail: { state: 'RUNNING' },
  };

  test('are sent under our own source', async () => {
    const sent: unknown[] = [];
    const client = jsonClient(sent, 200, { FailedEntryCount: 0, Entries: [{ EventId: '1' }] });
    await new EventBridgePublisher({ client }).publish(event);
    expect(sent).toEqual([
      {
        Entries: [
          {
            Source: 'cdk-s3-backup',
            DetailType: event.detailType,
            Resources: event.resources,
            Detail: '{"state":"RUNNING"}',
          },
        ],
      },
    ]);
  });

  test('that EventBridge refuses are errors', async () => {
    const client = jsonClient([], 200, {
      FailedEntryCount: 1,
      Entries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'later' }],
    });
    await expect(new EventBridgePublisher({ client }).publish(event)).rejects.toThrow('InternalFailure later');
  });
});

test('a deadline keeps its margin', () => {
  expect(lambdaDeadline({ getRemainingTimeInMillis: () => 10_000 }, 3_000).remainingMillis()).toBe(7_000);
});
