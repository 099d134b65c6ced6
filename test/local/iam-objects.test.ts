import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { allow, deployTemplate, engineStartLimitMs, role } from './support';

/** What a role may do with objects whose keys are odd: slashes that a path could lose, and line breaks. */

const Bucket = 'odd-keys';
const keys = ['/', '//', 'a//b', '/a/', 'allowed/', 'new\nline', 'ends\n'];

let engine: Engine;
let asRole: S3Client;

beforeAll(async () => {
  engine = await startEngine();
  const root = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
  await root.send(new CreateBucketCommand({ Bucket }));
  const objects = `arn:aws:s3:::${Bucket}/*`;
  const statements = [
    allow(['s3:GetObject', 's3:GetObjectTagging', 's3:PutObject', 's3:PutObjectTagging'], objects),
    { Effect: 'Deny', Action: 's3:DeleteObject', Resource: objects },
    { Effect: 'Deny', Action: 's3:GetObject', Resource: `arn:aws:s3:::${Bucket}/denied` },
  ];
  const { Arn } = await deployTemplate(
    engine,
    'odd',
    { Role: role(statements) },
    { Arn: { 'Fn::GetAtt': ['Role', 'Arn'] } },
  );
  const { Credentials } = await new STSClient(clientConfig(engine)).send(
    new AssumeRoleCommand({ RoleArn: Arn, RoleSessionName: 'odd' }),
  );
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken,
  };
  asRole = new S3Client({ ...clientConfig(engine), credentials, forcePathStyle: true });
  await root.send(new PutObjectCommand({ Bucket, Key: 'denied\n', Body: 'x' }));
  root.destroy();
}, engineStartLimitMs);

afterAll(async () => {
  asRole.destroy();
  await engine.stop();
});

test.each(keys)('a wildcard allows all of %j, and denies all of it', async (Key) => {
  const target = { Bucket, Key };
  await asRole.send(new PutObjectCommand({ ...target, Body: 'x', Tagging: 'a=b' }));
  const CopySource = `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
  await asRole.send(new CopyObjectCommand({ Bucket, Key: 'copy', CopySource }));
  expect(await (await asRole.send(new GetObjectCommand(target))).Body?.transformToString()).toBe('x');
  expect((await asRole.send(new GetObjectTaggingCommand(target))).TagSet).toEqual([{ Key: 'a', Value: 'b' }]);
  await expect(asRole.send(new DeleteObjectCommand(target))).rejects.toMatchObject({ name: 'AccessDenied' });
});

test('a name in a policy is that name only, not one with a line break behind it', async () => {
  await expect(asRole.send(new GetObjectCommand({ Bucket, Key: 'denied\n' }))).resolves.toBeDefined();
  await expect(asRole.send(new GetObjectCommand({ Bucket, Key: 'denied' }))).rejects.toMatchObject({
    name: 'AccessDenied',
  });
});
