import { Readable } from 'node:stream';
import { AwsCaptureControl } from '../../lambda/adapters/aws/events/aws-capture-control';
import { SsmBucketClaims } from '../../lambda/adapters/aws/events/ssm-bucket-claims';
import { cachedBucketAdmin } from '../../lambda/adapters/cached-bucket-admin';
import { capturePattern, CONTINUOUS_EVENTS } from '../../lambda/contract/events';
import type { BucketAdmin, BucketDescription } from '../../lambda/ports/bucket-admin';

type Answer = (request: any) => { readonly status?: number; readonly body: object };
interface Sent {
  readonly operation: string;
  readonly request: any;
}

/** Settings of clients of JSON services, which answer by the name of the operation. */
function services(answers: Readonly<Record<string, Answer>>) {
  const sent: Sent[] = [];
  const handle = ({ headers, body }: { headers: Record<string, string>; body: Uint8Array | string }) => {
    const operation = headers['x-amz-target']!.split('.')[1]!;
    const request = JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body));
    sent.push({ operation, request });
    const { status = 200, body: answer } = answers[operation]!(request);
    return Promise.resolve({
      response: {
        statusCode: status,
        headers: { 'content-type': 'application/x-amz-json-1.0' },
        body: Readable.from([Buffer.from(JSON.stringify(answer))]),
      },
    });
  };
  const client = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' },
    maxAttempts: 1,
    requestHandler: { handle },
  };
  return { sent, client };
}

describe('the health of the capture', () => {
  const NOW = Date.parse('2026-11-22T10:00:30Z') / 1_000;
  const rule = (State: string, names = ['photos'], detailTypes = CONTINUOUS_EVENTS) => ({
    Name: `s3-backup-${names.join('-')}`,
    State,
    EventPattern: JSON.stringify(capturePattern('111122223333', detailTypes, names)),
  });
  const on = (answers: Record<string, Answer>) => {
    const { sent, client } = services({
      GetQueueAttributes: () => ({ body: { Attributes: {} } }),
      GetMetricStatistics: () => ({ body: { Datapoints: [] } }),
      ListRules: () => ({ body: { Rules: [rule('ENABLED')] } }),
      ...answers,
    });
    const control = new AwsCaptureControl({
      queueUrl: 'https://sqs.us-east-1.amazonaws.com/111122223333/the-queue',
      deadLetterQueueUrl: 'https://sqs.us-east-1.amazonaws.com/111122223333/the-letters',
      queueArn: 'arn:aws:sqs:us-east-1:111122223333:the-queue',
      deadLetterQueueArn: 'arn:aws:sqs:us-east-1:111122223333:the-letters',
      rulePrefix: 's3-backup-',
      accountId: '111122223333',
      vaultName: 'Vault',
      now: () => NOW,
      client,
    });
    const statistics = (): any => sent.find(({ operation }) => operation === 'GetMetricStatistics')?.request;
    return { sent, control, statistics };
  };

  test('counts messages that wait, are held back, or are being worked on', async () => {
    const { control } = on({
      GetQueueAttributes: ({ QueueUrl }) => ({
        body: {
          Attributes: QueueUrl.endsWith('queue')
            ? {
                ApproximateNumberOfMessages: '4',
                ApproximateNumberOfMessagesDelayed: '2',
                ApproximateNumberOfMessagesNotVisible: '1',
              }
            : { ApproximateNumberOfMessages: '5' },
        },
      }),
    });
    expect(await control.health(NOW - 60, 'photos')).toMatchObject({ queued: 7, disabledRules: [] });
  });

  test('has the greatest age of the time that it is asked about, in whole minutes', async () => {
    const ages = [{ Maximum: 3 }, { Maximum: 940 }, { Maximum: 12 }];
    const { control, statistics } = on({ GetMetricStatistics: () => ({ body: { Datapoints: ages } }) });
    expect((await control.health(NOW - 3_600, 'photos')).oldestSeconds).toBe(940);
    const { StartTime, EndTime, ...query } = statistics();
    expect(query).toEqual({
      Namespace: 'AWS/SQS',
      MetricName: 'ApproximateAgeOfOldestMessage',
      Dimensions: [{ Name: 'QueueName', Value: 'the-queue' }],
      Period: 60,
      Statistics: ['Maximum'],
    });
    expect(StartTime).toBe(Date.parse('2026-11-22T09:00:00Z') / 1_000);
    expect(EndTime).toBe(NOW);
  });

  test('has the greatest age of the last two hours as well, however little it is asked about', async () => {
    const { control, sent } = on({
      GetMetricStatistics: ({ StartTime }) => ({
        body: { Datapoints: [{ Maximum: StartTime < NOW - 3_600 ? 1_500 : 3 }] },
      }),
    });
    expect(await control.health(NOW - 60, 'photos')).toMatchObject({ oldestSeconds: 3, recentSeconds: 1_500 });
    expect(sent.filter(({ operation }) => operation === 'GetMetricStatistics')).toHaveLength(2);
  });

  const letters = (fields: { count?: number; most?: number; tasks?: object[] } = {}) =>
    on({
      GetQueueAttributes: () => ({ body: { Attributes: { ApproximateNumberOfMessages: String(fields.count ?? 0) } } }),
      GetMetricStatistics: () => ({ body: { Datapoints: fields.most ? [{ Maximum: fields.most }] : [] } }),
      ListMessageMoveTasks: () => ({ body: { Results: fields.tasks ?? [] } }),
    });

  test('dead letters: those there are, the most there were, and redrives to the queue', async () => {
    const task = { StartedTimestamp: 1_700_000_000_900, ApproximateNumberOfMessagesMoved: 4, Status: 'COMPLETED' };
    const elsewhere = { ...task, DestinationArn: 'arn:aws:sqs:us-east-1:111122223333:another' };
    const back = {
      ...task,
      StartedTimestamp: 1_700_000_060_000,
      DestinationArn: 'arn:aws:sqs:us-east-1:111122223333:the-queue',
    };
    const { control, statistics, sent } = letters({
      count: 1,
      most: 5,
      tasks: [task, elsewhere, back, { Status: 'FAILED' }],
    });
    expect(await control.deadLetters(NOW - 3_600)).toEqual({
      count: 1,
      most: 5,
      redrives: [
        { startedAt: 1_700_000_000, moved: 4 },
        { startedAt: 1_700_000_060, moved: 4 },
        { startedAt: 0, moved: 0 },
      ],
    });
    expect(statistics()).toMatchObject({
      MetricName: 'ApproximateNumberOfMessagesVisible',
      Dimensions: [{ Name: 'QueueName', Value: 'the-letters' }],
      StartTime: Date.parse('2026-11-22T09:01:00Z') / 1_000,
    });
    expect(sent.find(({ operation }) => operation === 'ListMessageMoveTasks')?.request).toEqual({
      SourceArn: 'arn:aws:sqs:us-east-1:111122223333:the-letters',
      MaxResults: 10,
    });
  });

  test('without dead letters, redrives that go on are told of: SQS takes their messages for new ones', async () => {
    const task = { StartedTimestamp: 1_700_000_000_900, ApproximateNumberOfMessagesMoved: 4, Status: 'RUNNING' };
    expect(await letters({ tasks: [task] }).control.deadLetters(NOW - 3_600)).toEqual({
      ...{ count: 0, most: 0 },
      redrives: [{ startedAt: 1_700_000_000, moved: 4, isRunning: true }],
    });
  });

  test('where SQS does not know of redrives there were none', async () => {
    const refusing = (type: string) =>
      on({
        GetQueueAttributes: () => ({ body: { Attributes: { ApproximateNumberOfMessages: '2' } } }),
        ListMessageMoveTasks: () => ({ status: 400, body: { __type: type, message: 'no' } }),
      }).control.deadLetters(NOW - 60);
    expect(await refusing('InvalidAction')).toEqual({ count: 2, most: 0, redrives: [] });
    await expect(refusing('AccessDeniedException')).rejects.toThrow('no');
  });

  test('tells nothing of an age that CloudWatch does not know', async () => {
    expect((await on({}).control.health(NOW - 60, 'photos')).oldestSeconds).toBeUndefined();
  });

  test.each([0, 59, 3_600, 24 * 3_600, 14 * 24 * 3_600])(
    'asks for no more points than CloudWatch answers, over the last %d seconds',
    async (seconds) => {
      const { control, statistics } = on({});
      await control.health(NOW - seconds, 'photos');
      const { StartTime, EndTime, Period } = statistics();
      expect(Period % 60).toBe(0);
      expect(Period).toBeGreaterThan(0);
      expect(EndTime - StartTime).toBeGreaterThanOrEqual(Math.max(seconds, 60));
      expect((EndTime - StartTime) / Period).toBeLessThanOrEqual(1_440);
    },
  );

  test.each([
    ['one that is enabled names it', [rule('ENABLED')], []],
    ['the one that names it is disabled', [rule('DISABLED'), rule('ENABLED', ['docs'])], ['s3-backup-photos']],
    ['a disabled and an enabled one name it', [rule('DISABLED'), rule('ENABLED', ['docs', 'photos'])], []],
    ['none names it', [rule('ENABLED', ['docs'])], ['no rule names bucket "photos"']],
    [
      'one names it for other events only',
      [rule('ENABLED', ['photos'], ['Object ACL Updated'])],
      ['no rule names bucket "photos"'],
    ],
    ['one has a pattern that is no JSON', [{ Name: 'x', State: 'ENABLED' }], ['no rule names bucket "photos"']],
  ])('knows whether the rules capture a bucket: %s', async (_, rules, expected) => {
    const pages = [...rules];
    const { control, sent } = on({
      ListRules: () => ({ body: { Rules: pages.splice(0, 1), NextToken: pages.length > 0 ? 'more' : undefined } }),
    });
    expect((await control.health(NOW - 60, 'photos')).disabledRules).toEqual(expected);
    const lists = sent.filter(({ operation }) => operation === 'ListRules');
    expect(lists.map(({ request }) => request.NamePrefix)).toEqual(rules.map(() => 's3-backup-'));
  });

  test('fails when it cannot be told: no answer is not a good one', async () => {
    const denied: Answer = () => ({ status: 400, body: { __type: 'AccessDeniedException', message: 'no' } });
    for (const operation of ['GetQueueAttributes', 'GetMetricStatistics', 'ListRules']) {
      await expect(on({ [operation]: denied }).control.health(NOW - 60, 'photos')).rejects.toThrow();
    }
  });
});

describe('rules that are made at run time', () => {
  test('are an error when EventBridge refuses their target, which comes with status 200', async () => {
    const { client, sent } = services({
      ListRules: () => ({ body: { Rules: [] } }),
      PutRule: () => ({ body: { RuleArn: 'arn' } }),
      PutTargets: () => ({
        body: { FailedEntryCount: 1, FailedEntries: [{ ErrorCode: 'InternalFailure', ErrorMessage: 'later' }] },
      }),
    });
    const queue = { queueUrl: 'u', deadLetterQueueUrl: 'u', queueArn: 'arn:q', deadLetterQueueArn: 'arn:d' };
    const rules = { rulePrefix: 'found-', accountId: '111122223333', vaultName: 'Vault' };
    const control = new AwsCaptureControl({ ...queue, ...rules, client });
    await expect(control.ensureRules(['photos'])).rejects.toThrow('the target of the rule found-0: InternalFailure');
    const put = sent.find(({ operation }) => operation === 'PutRule')!.request;
    expect(put).toMatchObject({ Name: 'found-0', State: 'ENABLED' });
    expect(JSON.parse(put.EventPattern)).toMatchObject({
      source: ['aws.s3'],
      account: ['111122223333'],
      detail: { bucket: { name: ['photos'] } },
    });
  });
});

describe('claims that race', () => {
  const ours = { bucket: 'photos', vaultBucket: 'vault-a', at: 2 };
  const theirs = { bucket: 'photos', vaultBucket: 'vault-b', at: 3 };
  const before = { bucket: 'photos', vaultBucket: 'vault-b', at: 1 };

  test('who replaces a claim that was replaced meanwhile answers with what holds', async () => {
    const answers = [
      { Value: JSON.stringify(before), Version: 4 },
      { Value: JSON.stringify(theirs), Version: 6 },
    ];
    const { client } = services({
      GetParameter: () => ({ body: { Parameter: answers.shift() } }),
      // Somebody else's was version 5.
      PutParameter: () => ({ body: { Version: 6 } }),
    });
    expect(await new SsmBucketClaims(client).claim(ours, before)).toEqual(theirs);
  });

  test('a take-over whose vault died half-way is finished by the next, for that vault', async () => {
    const stored = [before, theirs, before].map((claim) => ({ Value: JSON.stringify(claim), Version: 4 }));
    let puts = 0;
    const { client, sent } = services({
      GetParameter: () => ({ body: { Parameter: stored.shift() } }),
      PutParameter: () =>
        puts++ === 0
          ? { status: 400, body: { __type: 'ParameterAlreadyExists', message: 'there' } }
          : { body: { Version: 5 } },
    });
    expect(await new SsmBucketClaims(client).claim(ours, before)).toEqual(theirs);
    const [first, second] = sent.filter(({ operation }) => operation === 'PutParameter').map(({ request }) => request);
    const name = '/cdk-s3-backup/continuous/photos';
    expect(first).toMatchObject({ Name: `${name}/after-4-1`, Overwrite: false });
    expect(second).toMatchObject({ Name: name, Overwrite: true, Value: JSON.stringify(theirs) });
  });

  test('a claim is never put over one that was not there when it was looked for', async () => {
    let asked = 0;
    const { client, sent } = services({
      GetParameter: () =>
        asked++ === 0
          ? { status: 400, body: { __type: 'ParameterNotFound', message: 'no' } }
          : { body: { Parameter: { Value: JSON.stringify(theirs), Version: 1 } } },
      PutParameter: () => ({ status: 400, body: { __type: 'ParameterAlreadyExists', message: 'there' } }),
    });
    expect(await new SsmBucketClaims(client).claim(ours)).toEqual(theirs);
    const put = sent.find(({ operation }) => operation === 'PutParameter')!.request;
    expect(put).toMatchObject({ Name: '/cdk-s3-backup/continuous/photos', Type: 'String', Overwrite: false });
  });
});

describe('descriptions of buckets', () => {
  const described = { region: 'us-east-1', versioning: 'Enabled' } as BucketDescription;
  const counting = (describeIt: () => Promise<BucketDescription>) => {
    const describe = jest.fn(describeIt);
    let now = 0;
    const admin = cachedBucketAdmin({ describe } as unknown as BucketAdmin, () => now);
    return { describe, admin, wait: (millis: number) => void (now += millis) };
  };

  test('are kept for a minute, each bucket its own', async () => {
    const { describe, admin, wait } = counting(() => Promise.resolve(described));
    await Promise.all([admin.describe('photos'), admin.describe('photos'), admin.describe('docs')]);
    wait(59_999);
    expect(await admin.describe('photos')).toBe(described);
    expect(describe).toHaveBeenCalledTimes(2);
    wait(1);
    await admin.describe('photos');
    expect(describe).toHaveBeenCalledTimes(3);
  });

  test('that failed are asked for again', async () => {
    const { describe, admin } = counting(() => Promise.reject(new Error('throttled')));
    await expect(admin.describe('photos')).rejects.toThrow('throttled');
    await expect(admin.describe('photos')).rejects.toThrow('throttled');
    expect(describe).toHaveBeenCalledTimes(2);
  });
});
