import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketOwnershipControlsCommand,
  GetBucketTaggingCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { SFNClient, CreateStateMachineCommand } from '@aws-sdk/client-sfn';
import { clientConfig, localAccount, localRegion } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { allow, deployTemplate, engineStartLimitMs, execute, nodeFunction, role, type Json } from './support';

/** Properties of a bucket that CloudFormation deploys, TLS policies, and IAM for the roles of functions. */

const Bucket = 'deployed-vault';
const keyArn = `arn:aws:kms:${localRegion}:${localAccount}:key/11111111-1111-1111-1111-111111111111`;

let engine: Engine;
let s3: S3Client;

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client(clientConfig(engine));
  await deployTemplate(engine, 'vault', {
    Bucket: {
      Type: 'AWS::S3::Bucket',
      Properties: {
        BucketName: Bucket,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: [
            {
              BucketKeyEnabled: true,
              ServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn },
            },
          ],
        },
        OwnershipControls: { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] },
        ObjectLockEnabled: true,
        ObjectLockConfiguration: {
          ObjectLockEnabled: 'Enabled',
          Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 3 } },
        },
        PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true },
        Tags: [{ Key: 'backup', Value: 'yes & no' }],
        LifecycleConfiguration: {
          Rules: [
            { Id: 'uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
            {
              Id: 'work',
              Status: 'Enabled',
              Prefix: 'work/',
              ExpirationInDays: 2,
              NoncurrentVersionExpiration: { NoncurrentDays: 1 },
              TagFilters: [{ Key: 'a', Value: 'b' }],
            },
          ],
        },
      },
    },
    Policy: {
      Type: 'AWS::S3::BucketPolicy',
      Properties: {
        Bucket: { Ref: 'Bucket' },
        PolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            {
              Effect: 'Deny',
              Principal: '*',
              Action: 's3:*',
              Resource: `arn:aws:s3:::${Bucket}/*`,
              Condition: { Bool: { 'aws:SecureTransport': 'false' } },
            },
          ],
        },
      },
    },
  });
}, engineStartLimitMs);

afterAll(() => engine.stop());

test('encryption, ownership, versioning, public access and tags are those of the template', async () => {
  const rules = (await s3.send(new GetBucketEncryptionCommand({ Bucket }))).ServerSideEncryptionConfiguration?.Rules;
  expect(rules).toMatchObject([
    { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'aws:kms', KMSMasterKeyID: keyArn }, BucketKeyEnabled: true },
  ]);
  const ownership = (await s3.send(new GetBucketOwnershipControlsCommand({ Bucket }))).OwnershipControls?.Rules;
  expect(ownership).toEqual([{ ObjectOwnership: 'BucketOwnerPreferred' }]);
  expect((await s3.send(new GetBucketVersioningCommand({ Bucket }))).Status).toBe('Enabled');
  const block = (await s3.send(new GetPublicAccessBlockCommand({ Bucket }))).PublicAccessBlockConfiguration;
  expect(block).toMatchObject({ BlockPublicAcls: true, BlockPublicPolicy: true });
  const tags = (await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet;
  expect(tags).toContainEqual({ Key: 'backup', Value: 'yes & no' });
});

test('lifecycle rules read back as the API has them', async () => {
  const { Rules } = await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket }));
  expect(Rules).toMatchObject([
    { ID: 'uploads', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 } },
    {
      ID: 'work',
      Expiration: { Days: 2 },
      NoncurrentVersionExpiration: { NoncurrentDays: 1 },
      Filter: { And: { Prefix: 'work/', Tags: [{ Key: 'a', Value: 'b' }] } },
    },
  ]);
});

test('the lock and the encryption apply to what is written, over http counted as TLS', async () => {
  const lock = (await s3.send(new GetObjectLockConfigurationCommand({ Bucket }))).ObjectLockConfiguration;
  expect(lock).toMatchObject({ Rule: { DefaultRetention: { Mode: 'COMPLIANCE', Days: 3 } } });
  await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'x' }));
  expect(await s3.send(new HeadObjectCommand({ Bucket, Key: 'a' }))).toMatchObject({
    ObjectLockMode: 'COMPLIANCE',
    ServerSideEncryption: 'aws:kms',
    SSEKMSKeyId: keyArn,
  });
});

describe('the role of a function', () => {
  const code = `
const { S3Client, GetObjectCommand } = require('@aws-sdk/client-s3');
exports.handler = async ({ Key }) => {
  const { Body } = await new S3Client({}).send(new GetObjectCommand({ Bucket: '${Bucket}', Key }));
  return Body.transformToString();
};`;
  let machine: string | undefined;

  beforeAll(async () => {
    for (const Key of ['allowed', 'denied']) await s3.send(new PutObjectCommand({ Bucket, Key, Body: Key }));
    const outputs = await deployTemplate(
      engine,
      'reader',
      { Role: role([allow('s3:GetObject', `arn:aws:s3:::${Bucket}/allowed`)]), Reader: nodeFunction(code, 'Role') },
      { Reader: { 'Fn::GetAtt': ['Reader', 'Arn'] }, Role: { 'Fn::GetAtt': ['Role', 'Arn'] } },
    );
    const states: Json = { T: { Type: 'Task', Resource: outputs.Reader ?? '', End: true } };
    const created = await new SFNClient(clientConfig(engine)).send(
      new CreateStateMachineCommand({
        name: 'reader',
        roleArn: outputs.Role,
        definition: JSON.stringify({ StartAt: 'T', States: states }),
      }),
    );
    machine = created.stateMachineArn;
  });

  test('lets it read what it names, by the SDK that the runtime brings', async () => {
    expect(await execute(engine, machine ?? '', { Key: 'allowed' })).toMatchObject({ output: '"allowed"' });
  });

  test('keeps it from everything else', async () => {
    expect(await execute(engine, machine ?? '', { Key: 'denied' })).toMatchObject({ error: 'AccessDenied' });
  });
});
