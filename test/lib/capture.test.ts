import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as kms from 'aws-cdk-lib/aws-kms';
import { BackupPlan, BackupResource, BackupVault, type BackupVaultProps } from '../../lib';
import { allowed, logicalId, protectedBucket, resources, roleOf, statementsOf, testStack } from './support/synth';

const byName = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);
const longName = (index: number): string => `bucket-${String(index).padStart(3, '0')}`.padEnd(63, 'x');
/** Quota of EventBridge. */
const PATTERN_LIMIT = 2_048;

function vaultOf(
  select: (stack: Stack) => BackupResource[],
  props: BackupVaultProps = {},
  stack = testStack(),
): Template {
  const plan = BackupPlan.daily35DayRetention(stack, 'Plan', new BackupVault(stack, 'Vault', props));
  plan.addSelection('Buckets', { resources: select(stack) });
  return Template.fromStack(stack);
}
const rulesOf = (template: Template): Record<string, any>[] =>
  Object.values(resources(template))
    .filter(({ Type, Properties }) => Type === 'AWS::Events::Rule' && Properties['EventPattern'].source[0] === 'aws.s3')
    .map(({ Properties }) => Properties);

describe('rules for tag and ACL changes', () => {
  test('name the protected buckets, and send to the queue of the vault', () => {
    const template = vaultOf((stack) => [BackupResource.fromBucket(protectedBucket(stack, 'Data')), byName('named')]);
    const [rule, ...others] = rulesOf(template);
    expect(others).toEqual([]);
    expect(rule!['EventPattern']).toEqual({
      source: ['aws.s3'],
      account: [{ Ref: 'AWS::AccountId' }],
      'detail-type': ['Object Tags Added', 'Object Tags Deleted', 'Object ACL Updated'],
      detail: { bucket: { name: [{ Ref: logicalId(template, 'AWS::S3::Bucket', 'Data') }, 'named'] } },
    });
    const queue = logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureQueue');
    const letters = logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureDeadLetterQueue');
    expect(rule!['State']).toBe('ENABLED');
    expect(rule!['Targets']).toEqual([
      {
        Id: 'Queue',
        Arn: { 'Fn::GetAtt': [queue, 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': [letters, 'Arn'] } },
      },
    ]);
  });

  test('stay below the limit of a pattern with any number of buckets, each of which is in one of them', () => {
    const names = Array.from({ length: 500 }, (_, i) => longName(i));
    const rules = rulesOf(vaultOf(() => names.map(byName)));
    expect(rules.flatMap(({ EventPattern }) => EventPattern.detail.bucket.name as string[])).toEqual(names);
    const sizes = rules.map(({ EventPattern }) => JSON.stringify(EventPattern).length);
    expect(Math.max(...sizes)).toBeLessThan(PATTERN_LIMIT);
    expect(rules).toHaveLength(20);
  });

  test('a bucket in two plans is named once', () => {
    const stack = testStack();
    const vault = new BackupVault(stack, 'Vault');
    for (const id of ['A', 'B']) {
      BackupPlan.daily35DayRetention(stack, id, vault).addSelection('S', { resources: [byName('both')] });
    }
    const [rule] = rulesOf(Template.fromStack(stack));
    expect(rule!['EventPattern'].detail.bucket.name).toEqual(['both']);
  });

  test('a bucket that only another stack can name: one rule for all buckets but the own ones', () => {
    const template = vaultOf((stack) => {
      const other = new Stack(stack.node.root, 'Other');
      return [byName('named'), BackupResource.fromBucket(protectedBucket(other, 'Data'))];
    });
    const [rule, ...others] = rulesOf(template);
    expect(others).toEqual([]);
    expect(rule!['EventPattern'].detail.bucket.name).toEqual([
      {
        'anything-but': ['VaultVaultBucket', 'VaultScratchBucket'].map((prefix) => ({
          Ref: logicalId(template, 'AWS::S3::Bucket', prefix),
        })),
      },
    ]);
  });

  test('a vault without plans has none', () => {
    const stack = testStack();
    new BackupVault(stack, 'Vault');
    expect(rulesOf(Template.fromStack(stack))).toEqual([]);
  });
});

describe('the queue', () => {
  const template = vaultOf(() => [byName('named')], { removalPolicy: RemovalPolicy.DESTROY });
  const key = logicalId(template, 'AWS::KMS::Key', 'VaultKey');
  const queue = logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureQueue');
  const letters = logicalId(template, 'AWS::SQS::Queue', 'VaultCaptureDeadLetterQueue');

  test('is encrypted by the vault key, and keeps what fails five times for 14 days', () => {
    expect(resources(template)[queue]!.Properties).toMatchObject({
      KmsMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] },
      VisibilityTimeout: 780,
      DelaySeconds: 5,
      RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': [letters, 'Arn'] }, maxReceiveCount: 5 },
    });
    expect(resources(template)[letters]!.Properties).toMatchObject({
      KmsMasterKeyId: { 'Fn::GetAtt': [key, 'Arn'] },
      MessageRetentionPeriod: 14 * 24 * 3600,
    });
  });

  test('takes events of this account only, with TLS only', () => {
    for (const id of [queue, letters]) {
      const policy = Object.values(resources(template)).find(
        ({ Type, Properties }) => Type === 'AWS::SQS::QueuePolicy' && Properties['Queues'][0].Ref === id,
      )!;
      const statements: any[] = policy.Properties['PolicyDocument'].Statement;
      expect(statements.find(({ Principal }) => Principal.Service === 'events.amazonaws.com')).toMatchObject({
        Action: 'sqs:SendMessage',
        Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
      });
      expect(statements.find(({ Effect }) => Effect === 'Deny').Condition).toEqual({
        Bool: { 'aws:SecureTransport': 'false' },
      });
    }
    const keyPolicy: any[] = resources(template)[key]!.Properties['KeyPolicy'].Statement;
    expect(keyPolicy.find(({ Principal }) => Principal.Service === 'events.amazonaws.com')).toMatchObject({
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Condition: { StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } } },
    });
  });

  test('has another encryption with a key whose policy cannot be changed here: events would be lost', () => {
    const stack = testStack();
    const encryptionKey = kms.Key.fromKeyArn(
      stack,
      'Imported',
      'arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555',
    );
    const imported = vaultOf(() => [byName('named')], { encryptionKey }, stack);
    for (const id of ['VaultCaptureQueue', 'VaultCaptureDeadLetterQueue']) {
      const { Properties } = resources(imported)[logicalId(imported, 'AWS::SQS::Queue', id)]!;
      expect(Properties).toMatchObject({ SqsManagedSseEnabled: true });
      expect(Properties).not.toHaveProperty('KmsMasterKeyId');
    }
  });

  test('is read in batches of which only the failed messages come again', () => {
    template.hasResourceProperties('AWS::Lambda::EventSourceMapping', {
      EventSourceArn: { 'Fn::GetAtt': [queue, 'Arn'] },
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 30,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 200 },
    });
  });
});

describe('the change log', () => {
  const template = vaultOf(() => [byName('named')], { removalPolicy: RemovalPolicy.DESTROY });
  const id = logicalId(template, 'AWS::DynamoDB::Table', 'VaultChangeLogTable');

  test('forgets by itself, is encrypted by the vault key, and goes with the vault', () => {
    const table = resources(template)[id]! as { Properties: any; DeletionPolicy?: string };
    expect(table.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    });
    expect(table.DeletionPolicy).toBe('Delete');
  });

  test('is written by the capture, which besides stores bodies only, and read by Partition', () => {
    const capture = roleOf(template, 'CaptureHandler');
    const granted = statementsOf(template, capture).flatMap(({ Action }) => Action);
    expect(
      granted.filter((action) => /:(Put|Write|Batch|Update|Delete|Copy|Create(?!LogStream))/.test(action)).sort(),
    ).toEqual(['dynamodb:BatchWriteItem', 'logs:PutLogEvents', 's3:PutObject', 'sqs:DeleteMessage']);
    expect(allowed(template, capture, 'dynamodb:BatchWriteItem')).toEqual(['<VaultChangeLogTable.Arn>']);
    expect(allowed(template, roleOf(template, 'BackupPartition'), 'dynamodb:Query')).toEqual([
      '<VaultChangeLogTable.Arn>',
    ]);
  });
});
