/** The AWS side of the commands: on a deployed example they find the vault, run jobs and list them. */
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomBytes } from 'node:crypto';
import { processIo } from '../../bin/output/io';
import { runCli } from '../../bin/program';
import { awsClients } from '../../bin/vault/aws-clients';
import { deployExample, type StackOutputs } from '../../local/deploy';
import { clientConfig } from '../../local/service/aws-env';
import { type Engine, startEngine } from '../../local/service/engine';

const LIMIT_MS = 10 * 60_000;
const stackName = 'CliExample';
let engine: Engine;
let outputs: StackOutputs;

beforeAll(async () => {
  engine = await startEngine();
  // Small ranges: the progress of a Distributed Map is asked for too.
  const context = { stackName, environment: JSON.stringify({ RANGE_WEIGHT: '2', CAPTURE_START_SECONDS: '1' }) };
  outputs = await deployExample({ engine, context });
  const s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
  for (const Key of ['docs/a b.txt', 'docs/ü.txt', 'x', 'y', 'z'])
    await s3.send(new PutObjectCommand({ Bucket: outputs.SourceBucketName, Key, Body: Key }));
}, LIMIT_MS);

afterAll(() => engine.stop());

async function run(args: readonly string[]): Promise<{ exitCode: number; stdout: Buffer; stderr: string }> {
  const out: Buffer[] = [];
  const err: string[] = [];
  const io = {
    ...processIo(),
    out: (text: string) => out.push(Buffer.from(`${text}\n`)),
    write: (piece: string | Uint8Array) => Promise.resolve(void out.push(Buffer.from(piece))),
    err: (text: string) => err.push(text),
    bars: undefined,
    interactive: false,
  };
  const exitCode = await runCli(args, io, awsClients(clientConfig(engine)));
  return { exitCode, stdout: Buffer.concat(out), stderr: err.join('\n') };
}

async function cli(...args: string[]): Promise<{ exitCode: number; document: any; stderr: string }> {
  const { exitCode, stdout, stderr } = await run([...args, '--json']);
  return { exitCode, document: JSON.parse(stdout.toString()), stderr };
}

test(
  'a bucket is backed up, listed and restored, by stack and by vault bucket',
  async () => {
    const bucket = outputs.SourceBucketName!;
    const backup = await cli('--vault', stackName, 'backup', bucket, '--delete-after-days', '35');
    expect(backup).toMatchObject({ exitCode: 0, document: { status: 'COMPLETED', versions: 5, stored: 5 } });
    expect(backup.stderr).toContain(`Backing up ${bucket}: checking the bucket`);
    const { recoveryPointId } = backup.document;

    const vault = ['--vault', outputs.VaultBucketName!];
    const points = await cli(...vault, 'recovery-points', bucket);
    expect(points.document).toMatchObject([{ recoveryPointId, objects: 5, deleteAt: expect.any(String) }]);

    const restore = await cli(...vault, 'restore', bucket, 'docs/', '--to', 'cli-restored', '--create-bucket', '--yes');
    expect(restore).toMatchObject({ exitCode: 0, document: { status: 'COMPLETED', restored: 2, recoveryPointId } });

    const missing = await cli(...vault, 'backup', 'cli-no-such-bucket');
    expect(missing).toMatchObject({ exitCode: 1, document: { error: 'BucketNotFound' } });
    const jobs = await cli(...vault, 'jobs');
    expect(jobs.document.map(({ type, state }: Record<string, string>) => [type, state])).toEqual([
      ['BACKUP', 'FAILED'],
      ['RESTORE', 'COMPLETED'],
      ['RESTORE', 'COMPLETED'],
      ['BACKUP', 'COMPLETED'],
    ]);
  },
  LIMIT_MS,
);

test(
  'what a bucket had is listed, compared and read',
  async () => {
    const bucket = outputs.SourceBucketName!;
    const vault = ['--vault', stackName];
    const s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
    const body = randomBytes(2 * 1024 * 1024);
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'large', Body: body }));
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'x', Body: 'other' }));
    await s3.send(new DeleteObjectCommand({ Bucket: bucket, Key: 'y' }));
    await cli(...vault, 'backup', bucket);

    const objects = await cli(...vault, 'ls', bucket);
    expect(objects.document.map((one: any) => one.prefix ?? one.key)).toEqual(['docs/', 'large', 'x', 'z']);
    const versions = await cli(...vault, 'versions', bucket, 'x');
    expect(versions.document).toMatchObject([
      { isLatest: true, size: 5 },
      { isLatest: false, size: 1 },
    ]);
    const difference = await cli(...vault, 'diff', bucket, '--from', '1', '--to', '2');
    expect(difference.document.changes.map(({ key, change }: any) => [key, change])).toEqual([
      ['large', 'added'],
      ['x', 'changed'],
      ['y', 'removed'],
    ]);
    // One body is in a pack, the other is a copy.
    const old = await run([...vault, 'cat', bucket, 'y', '--recovery-point', '1']);
    expect([old.exitCode, old.stdout.toString()]).toEqual([0, 'y']);
    const large = await run([...vault, 'cat', bucket, 'large']);
    expect([large.exitCode, large.stderr, large.stdout.equals(body)]).toEqual([0, '', true]);
    const never = await cli(...vault, 'ls', bucket, '--at', new Date().toISOString().replace(/\.\d+/, ''));
    expect(never).toMatchObject({ exitCode: 1, document: { error: 'PointInTimeOutOfRange' } });
  },
  LIMIT_MS,
);

test('a vault that is not there is named with all that was tried', async () => {
  const { exitCode, document } = await cli('--vault', 'nothing-here', 'jobs');
  expect(exitCode).toBe(1);
  expect(document.cause).toMatch(/us-east-1.*SSM parameter \/cdk-s3-backup\/nothing-here.*stack nothing-here/);
});
