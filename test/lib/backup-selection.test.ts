import { Annotations as Messages, Aws, CfnParameter, Duration, Fn, Stack, Token } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import * as s3 from 'aws-cdk-lib/aws-s3';
import { BackupPlan, BackupResource, BackupVault } from '../../lib';
import { protectedBucket, testStack } from './support/synth';

interface World {
  readonly stack: Stack;
  readonly vault: BackupVault;
  readonly plan: BackupPlan;
}

function world(stack = testStack()): World {
  const vault = new BackupVault(stack, 'Vault');
  return { stack, vault, plan: BackupPlan.daily35DayRetention(stack, 'Plan', vault) };
}

const select = ({ plan }: World, ...resources: BackupResource[]): void => {
  plan.addSelection('Buckets', { resources });
};
const synth = ({ stack }: World): Template => Template.fromStack(stack);
const warnings = ({ stack }: World): string[] =>
  Annotations.fromStack(stack)
    .findWarning('*', Match.anyValue())
    .map(({ entry }) => entry.data as string)
    .filter((text) => text.includes('cdk-s3-backup'));

describe('ARNs', () => {
  test.each([
    ['arn:aws:s3express:us-east-1:111122223333:bucket/b--use1-az4--x-s3', 'which is a directory bucket'],
    ['arn:aws:s3:::b--use1-az4--x-s3', 'which is a directory bucket'],
    ['arn:aws:s3-outposts:us-east-1:111122223333:outpost/op-1/bucket/b', 'on Outposts'],
    ['arn:aws:s3-outposts:us-east-1:111122223333:outpost/op-1/accesspoint/a', 'on Outposts'],
    ['arn:aws:s3:us-east-1:111122223333:accesspoint/a', 'which is an access point'],
    ['arn:aws:s3::111122223333:accesspoint/m.mrap', 'which is an access point'],
    ['arn:aws:s3-object-lambda:us-east-1:111122223333:accesspoint/a', 'Object Lambda'],
    ['arn:aws:s3:::my-ap-abcdefgh-s3alias', 'which is an alias of an access point'],
    ['arn:aws:s3tables:us-east-1:111122223333:bucket/t', 'a table bucket'],
    ['arn:aws:s3:::my-bucket/photos/*', 'which names objects'],
    ['arn:aws:s3:::team-*', 'got the pattern'],
    ['arn:aws:s3:::*', 'got the pattern'],
    ['arn:aws:s3:::a_', 'which is not a valid bucket name'],
    ['arn:aws:ec2:us-east-1:111122223333:volume/v', 'must be the ARN of a bucket'],
    ['my-bucket', 'must be the ARN of a bucket, got "my-bucket"; use one such as arn:aws:s3:::my-bucket'],
    ['', 'must be the ARN of a bucket'],
  ])('%s is refused', (arn, message) => {
    expect(() => BackupResource.fromArn(arn)).toThrow(message);
  });

  test.each([
    'arn:aws:s3:::my-bucket',
    'arn:aws-cn:s3:::my.bucket',
    `arn:${Aws.PARTITION}:s3:::my-bucket`,
    Token.asString({ Ref: 'Arn' }),
    `arn:aws:s3:::${Token.asString({ Ref: 'Name' })}`,
  ])('%s is accepted', (arn) => {
    expect(() => BackupResource.fromArn(arn)).not.toThrow();
  });

  test('a directory bucket is refused by its name too', () => {
    const bucket = s3.Bucket.fromBucketName(testStack(), 'B', 'b--use1-az4--x-s3');
    expect(() => BackupResource.fromBucket(bucket)).toThrow(
      'which is a directory bucket; use the name of the bucket itself',
    );
  });

  test.each([
    ['arn:aws:s3express:us-east-1:111122223333:bucket/b--use1-az4--x-s3', 'which is a directory bucket'],
    ['arn:aws:s3-outposts:us-east-1:111122223333:outpost/op-1/bucket/b', 'on Outposts'],
    ['arn:aws:s3:us-east-1:111122223333:accesspoint/a', 'which is an access point'],
    ['arn:aws:s3:::my-bucket/photos', 'which names objects'],
  ])('%s is refused as an imported bucket too', (arn, message) => {
    const bucket = s3.Bucket.fromBucketArn(testStack(), 'B', arn);
    expect(() => BackupResource.fromBucket(bucket)).toThrow(message);
  });
});

describe('buckets that cannot be backed up', () => {
  test.each([
    ['vault bucket', ({ vault }: World) => BackupResource.fromBucket(vault.vaultBucket)],
    ['scratch bucket', ({ vault }: World) => BackupResource.fromBucket(vault.scratchBucket)],
    ['vault bucket by ARN', ({ vault }: World) => BackupResource.fromArn(vault.vaultBucket.bucketArn)],
    [
      'vault bucket by name',
      ({ stack, vault }: World) =>
        BackupResource.fromBucket(s3.Bucket.fromBucketName(stack, 'Alias', vault.vaultBucket.bucketName)),
    ],
    [
      "another vault's bucket",
      ({ stack }: World) => BackupResource.fromBucket(new BackupVault(stack, 'Other').scratchBucket),
    ],
  ])('the %s', (_, resource) => {
    const w = world();
    select(w, resource(w));
    expect(() => synth(w)).toThrow(/belongs to a backup vault and cannot be backed up/);
  });

  test('an unversioned bucket of the app', () => {
    const w = world();
    select(w, BackupResource.fromBucket(new s3.Bucket(w.stack, 'Plain')));
    expect(() => synth(w)).toThrow(
      /bucket Test\/Plain must have versioning enabled to be backed up, got no versioning; set `versioned: true`/,
    );
  });

  test.each([
    ['its ARN', (_: Stack, bucket: s3.Bucket) => BackupResource.fromArn(bucket.bucketArn)],
    [
      'the ARN of its L1',
      (_: Stack, { node }: s3.Bucket) => BackupResource.fromArn((node.defaultChild as s3.CfnBucket).attrArn),
    ],
    ['a known ARN', () => BackupResource.fromArn('arn:aws:s3:::data-bucket')],
    [
      'a known name',
      (stack: Stack) => BackupResource.fromBucket(s3.Bucket.fromBucketName(stack, 'Alias', 'data-bucket')),
    ],
    [
      'its name',
      (stack: Stack, { bucketName }: s3.Bucket) =>
        BackupResource.fromBucket(s3.Bucket.fromBucketName(stack, 'Alias', bucketName)),
    ],
  ])('an unversioned bucket of the app by %s, in another stack too', (_, resource) => {
    for (const isElsewhere of [false, true]) {
      const w = world();
      const stack = isElsewhere ? new Stack(w.stack.node.root, 'Elsewhere') : w.stack;
      const bucket = new s3.Bucket(stack, 'Plain', { bucketName: 'data-bucket' });
      select(w, resource(w.stack, bucket));
      expect(() => synth(w)).toThrow(/must have versioning enabled to be backed up, got no versioning/);
    }
  });

  test('a bucket of the app by its ARN gets the warnings of that bucket, and passes', () => {
    const w = world();
    const bucket = new s3.Bucket(w.stack, 'Data', { versioned: true });
    new s3.Bucket(w.stack, 'NobodySelected');
    select(w, BackupResource.fromArn(bucket.bucketArn));
    expect(warnings(w)).toEqual([expect.stringMatching(/bucket Test\/Data has no lifecycle rule/)]);
  });

  test('a bucket whose versioning is suspended in the end', () => {
    const w = world();
    const bucket = protectedBucket(w.stack, 'Data', { bucketName: 'data-bucket' });
    select(w, BackupResource.fromBucket(bucket));
    (bucket.node.defaultChild as s3.CfnBucket).versioningConfiguration = { status: 'Suspended' };
    expect(() => synth(w)).toThrow(/bucket data-bucket must have versioning enabled to be backed up, got Suspended/);
  });

  test('a bucket that gets versioning after it is selected is fine', () => {
    const w = world();
    const bucket = new s3.Bucket(w.stack, 'Data');
    select(w, BackupResource.fromBucket(bucket));
    (bucket.node.defaultChild as s3.CfnBucket).versioningConfiguration = { status: 'Enabled' };
    expect(() => synth(w)).not.toThrow();
  });

  test('a bucket whose versioning is a token passes', () => {
    const w = world();
    const bucket = new s3.Bucket(w.stack, 'Data');
    const status = new CfnParameter(w.stack, 'Status', { allowedValues: ['Enabled', 'Suspended'] }).valueAsString;
    (bucket.node.defaultChild as s3.CfnBucket).versioningConfiguration = { status };
    select(w, BackupResource.fromBucket(bucket));
    expect(() => synth(w)).not.toThrow();
  });

  test('a bucket of another Region or account', () => {
    const w = world(testStack({ env: { account: '111122223333', region: 'eu-central-1' } }));
    const far = s3.Bucket.fromBucketAttributes(w.stack, 'Far', {
      bucketName: 'far-bucket',
      region: 'us-east-1',
      account: '444455556666',
    });
    select(w, BackupResource.fromBucket(far));
    expect(() => synth(w)).toThrow(
      /bucket far-bucket must be in the Region of its vault \(eu-central-1\), got us-east-1/,
    );
    expect(() => synth(w)).toThrow(
      /bucket far-bucket must be in the account of its vault \(111122223333\), got 444455556666/,
    );
  });

  test('no bucket at all', () => {
    const w = world();
    select(w);
    expect(() => synth(w)).toThrow(/a selection must have at least one resource, got none/);
  });
});

describe('warnings', () => {
  test('a bucket whose noncurrent versions never expire', () => {
    const w = world();
    const bucket = new s3.Bucket(w.stack, 'Data', {
      versioned: true,
      lifecycleRules: [{ expiration: Duration.days(9) }],
    });
    select(w, BackupResource.fromBucket(bucket));
    expect(warnings(w)).toEqual([expect.stringContaining('no lifecycle rule that expires noncurrent versions')]);
  });

  test('no warning when the rule comes after the selection', () => {
    const w = world();
    const bucket = new s3.Bucket(w.stack, 'Data', { versioned: true });
    select(w, BackupResource.fromBucket(bucket));
    bucket.addLifecycleRule({ noncurrentVersionExpiration: Duration.days(9) });
    expect(warnings(w)).toEqual([]);
  });

  test('a disabled rule does not count', () => {
    const w = world();
    const lifecycleRules = [{ noncurrentVersionExpiration: Duration.days(9), enabled: false }];
    select(w, BackupResource.fromBucket(new s3.Bucket(w.stack, 'Data', { versioned: true, lifecycleRules })));
    expect(warnings(w)).toHaveLength(1);
  });

  test.each([
    [
      'a transition',
      {
        lifecycleRules: [
          {
            noncurrentVersionExpiration: Duration.days(9),
            transitions: [{ storageClass: s3.StorageClass.INTELLIGENT_TIERING, transitionAfter: Duration.days(0) }],
          },
        ],
      },
    ],
    [
      'a configuration',
      { intelligentTieringConfigurations: [{ name: 'all', archiveAccessTierTime: Duration.days(90) }] },
    ],
  ])('Intelligent-Tiering by %s', (_, props: s3.BucketProps) => {
    const w = world();
    select(w, BackupResource.fromBucket(protectedBucket(w.stack, 'Data', props)));
    expect(warnings(w)).toEqual([expect.stringContaining('uses S3 Intelligent-Tiering')]);
  });

  test('nothing is said about imported buckets', () => {
    const w = world();
    select(w, BackupResource.fromBucket(s3.Bucket.fromBucketName(w.stack, 'Old', 'old-bucket')));
    expect(warnings(w)).toEqual([]);
  });

  test('can be acknowledged', () => {
    const w = world();
    select(w, BackupResource.fromBucket(new s3.Bucket(w.stack, 'Data', { versioned: true })));
    Messages.of(w.plan).acknowledgeWarning('cdk-s3-backup:noLifecycleExpiration:Test/Data/Resource');
    expect(warnings(w)).toEqual([]);
  });
});

test('a bucket named by a token is backed up by the name in its ARN', () => {
  const w = world();
  const arn = new CfnParameter(w.stack, 'BucketArn').valueAsString;
  select(w, BackupResource.fromArn(arn));
  const text = JSON.stringify(synth(w).findResources('AWS::Scheduler::Schedule'));
  expect(text).toContain(JSON.stringify(w.stack.resolve(Fn.select(5, Fn.split(':', arn)))));
});

describe('tags', () => {
  test('go into the schedule, beside the names of buckets, each once', () => {
    const w = world();
    const tag = BackupResource.fromTag('backup', 'yes');
    select(w, BackupResource.fromBucket(protectedBucket(w.stack, 'Data')), tag);
    w.plan.addSelection('More', {
      resources: [BackupResource.fromTag('backup', 'yes'), BackupResource.fromTag('tier', '')],
    });
    const inputs = JSON.stringify(synth(w).findResources('AWS::Scheduler::Schedule'));
    const tags = '"tags":[{"key":"backup","value":"yes"},{"key":"tier","value":""}]';
    expect(inputs.replace(/\\+"/g, '"')).toContain(tags);
    expect(tag).toMatchObject({ bucketArn: undefined, bucket: undefined, tag: { key: 'backup', value: 'yes' } });
  });

  test.each([
    ['', 'x', /1 to 128 characters/],
    ['k'.repeat(129), 'x', /1 to 128 characters/],
    ['k', 'v'.repeat(257), /at most 256 characters/],
  ])('that cannot be are refused', (key, value, message) => {
    expect(() => BackupResource.fromTag(key, value)).toThrow(message);
  });
});
