import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketInventoryConfigurationCommand,
  GetBucketInventoryConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  type InventoryConfiguration,
  ListBucketInventoryConfigurationsCommand,
  type NotificationConfiguration,
  PutBucketInventoryConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { clientConfig, localAccount } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { allow, deployTemplate, engineStartLimitMs, role } from './support';

let engine: Engine;
let s3: S3Client;

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client(clientConfig(engine));
}, engineStartLimitMs);

afterAll(async () => {
  s3.destroy();
  await engine.stop();
});

const create = async (Bucket: string): Promise<void> => {
  await s3.send(new CreateBucketCommand({ Bucket }));
};
const inventory = (Id: string): InventoryConfiguration => ({
  Id,
  IsEnabled: true,
  IncludedObjectVersions: 'All',
  Schedule: { Frequency: 'Daily' },
  Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::reports', Format: 'CSV' } },
});
const put = (Bucket: string, configuration: InventoryConfiguration, Id = configuration.Id, client = s3) =>
  client.send(new PutBucketInventoryConfigurationCommand({ Bucket, Id, InventoryConfiguration: configuration }));
const get = (Bucket: string, Id: string, client = s3) =>
  client.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id }));
const page = (Bucket: string, ContinuationToken?: string) =>
  s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken }));

describe('inventory configurations', () => {
  test('come back as they were put, and are replaced by ID', async () => {
    await create('inventoried');
    const full: InventoryConfiguration = {
      ...inventory('full'),
      Filter: { Prefix: 'a <&> b/' },
      OptionalFields: ['Size', 'ObjectAccessControlList', 'ObjectOwner'],
      Schedule: { Frequency: 'Weekly' },
      Destination: {
        S3BucketDestination: {
          AccountId: localAccount,
          Bucket: 'arn:aws:s3:::reports',
          Format: 'Parquet',
          Prefix: 'some/prefix',
          Encryption: { SSEKMS: { KeyId: 'arn:aws:kms:us-east-1:000000000000:key/k' } },
        },
      },
    };
    await put('inventoried', inventory('full'));
    await put('inventoried', full);
    await put('inventoried', inventory('other'));
    expect((await get('inventoried', 'full')).InventoryConfiguration).toEqual(full);
    expect((await page('inventoried')).InventoryConfigurationList).toEqual([full, inventory('other')]);
  });

  test('that are not there, or no longer', async () => {
    await create('emptied');
    const missing = { name: 'NoSuchConfiguration', $metadata: { httpStatusCode: 404 } };
    await expect(get('emptied', 'none')).rejects.toMatchObject(missing);
    await put('emptied', inventory('soon-gone'));
    const remove = () => s3.send(new DeleteBucketInventoryConfigurationCommand({ Bucket: 'emptied', Id: 'soon-gone' }));
    expect((await remove()).$metadata.httpStatusCode).toBe(204);
    await expect(remove()).rejects.toMatchObject(missing);
    const { InventoryConfigurationList, IsTruncated } = await page('emptied');
    expect({ InventoryConfigurationList, IsTruncated }).toEqual({
      InventoryConfigurationList: undefined,
      IsTruncated: false,
    });
    await expect(get('never-made', 'none')).rejects.toMatchObject({ name: 'NoSuchBucket' });
  });

  test('are listed a hundred at a time', async () => {
    await create('many');
    const ids = Array.from({ length: 201 }, (_, i) => `id-${String(i).padStart(3, '0')}`);
    for (const id of ids) await put('many', inventory(id));
    const listed: (string | undefined)[][] = [];
    for (let token: string | undefined, more = true; more;) {
      const { InventoryConfigurationList = [], NextContinuationToken, IsTruncated } = await page('many', token);
      listed.push(InventoryConfigurationList.map(({ Id }) => Id));
      token = NextContinuationToken;
      more = IsTruncated ?? false;
    }
    expect(listed.map((list) => list.length)).toEqual([100, 100, 1]);
    expect(listed.flat()).toEqual(ids);
  });

  test('end with their bucket', async () => {
    await create('reborn');
    await put('reborn', inventory('old'));
    await s3.send(new DeleteBucketCommand({ Bucket: 'reborn' }));
    await create('reborn');
    await expect(get('reborn', 'old')).rejects.toMatchObject({ name: 'NoSuchConfiguration' });
  });

  test('that make no sense are refused', async () => {
    await create('refusing');
    await expect(put('refusing', inventory('one'), 'two')).rejects.toMatchObject({ name: 'InvalidArgument' });
    const without = { ...inventory('one'), Schedule: undefined };
    await expect(put('refusing', without)).rejects.toMatchObject({ name: 'MalformedXML' });
    expect((await page('refusing')).InventoryConfigurationList).toBeUndefined();
  });

  test('and notifications need the rights that AWS names for them', async () => {
    await create('guarded');
    const arn = 'arn:aws:s3:::guarded';
    const { Arn } = await deployTemplate(
      engine,
      'reader',
      { Role: role([allow(['s3:GetInventoryConfiguration', 's3:GetBucketNotification'], arn)]) },
      { Arn: { 'Fn::GetAtt': ['Role', 'Arn'] } },
    );
    const sts = new STSClient(clientConfig(engine));
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Arn, RoleSessionName: 'reader' }));
    sts.destroy();
    const { AccessKeyId = '', SecretAccessKey = '', SessionToken } = Credentials ?? {};
    const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    const reader = new S3Client({ ...clientConfig(engine), credentials });
    await put('guarded', inventory('kept'));
    await get('guarded', 'kept', reader);
    await reader.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'guarded' }));
    const denied = { name: 'AccessDenied' };
    await expect(put('guarded', inventory('kept'), 'kept', reader)).rejects.toMatchObject(denied);
    const notify = { Bucket: 'guarded', NotificationConfiguration: {} };
    await expect(reader.send(new PutBucketNotificationConfigurationCommand(notify))).rejects.toMatchObject(denied);
    reader.destroy();
  });
});

test('notifications to queues, topics, functions and EventBridge come back as they were put', async () => {
  await create('notifying');
  const service = (name: string): string => `arn:aws:${name}:us-east-1:${localAccount}`;
  const NotificationConfiguration: NotificationConfiguration = {
    QueueConfigurations: [
      {
        Id: 'queue <&>',
        QueueArn: `${service('sqs')}:q`,
        Events: ['s3:ObjectRemoved:*', 's3:ObjectTagging:Put'],
        Filter: {
          Key: {
            FilterRules: [
              { Name: 'prefix', Value: 'a <&> ' },
              { Name: 'suffix', Value: '.jpg' },
            ],
          },
        },
      },
      { Id: 'second', QueueArn: `${service('sqs')}:r`, Events: ['s3:ObjectRestore:*'] },
    ],
    TopicConfigurations: [{ Id: 'topic', TopicArn: `${service('sns')}:t`, Events: ['s3:ReducedRedundancyLostObject'] }],
    LambdaFunctionConfigurations: [
      { Id: 'function', LambdaFunctionArn: `${service('lambda')}:function:f`, Events: ['s3:ObjectCreated:*'] },
    ],
    EventBridgeConfiguration: {},
  };
  await s3.send(
    new PutBucketNotificationConfigurationCommand({
      Bucket: 'notifying',
      NotificationConfiguration,
      SkipDestinationValidation: true,
    }),
  );
  const read = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket: 'notifying' }));
  expect(read).toEqual({ ...NotificationConfiguration, $metadata: read.$metadata });
});
