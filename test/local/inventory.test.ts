import {
  CreateBucketCommand,
  DeleteObjectCommand,
  GetBucketInventoryConfigurationCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketInventoryConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectAclCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { parquetReadObjects } from 'hyparquet';
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { inventoryConfigId } from '../../lambda/core/inventory/place';
import {
  type BucketReport,
  type InventoryOptions,
  parseInventoryArguments,
  reportInventory,
} from '../../local/inventory';
import { OPTIONAL_FIELDS } from '../../local/inventory/columns';
import { writeInventoryReport } from '../../local/inventory/report';
import { clientConfig, localAccount } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { enginePython } from '../../local/service/venv';
import { repositoryRoot } from '../../local/support/paths';
import { engineStartLimitMs } from './support';

type Record = { [column: string]: string };

const run = promisify(execFile);
const keys = JSON.parse(readFileSync(join(__dirname, '..', 'fixtures', 'keys.json'), 'utf8')) as string[];
const Bucket = 'hostile';
const scratch = 'scratch';
const stranger = 'a1b2c3d4'.repeat(8);

let engine: Engine;
let s3: S3Client;
let folder: string;
/** What the bucket holds: `key`, version ID (empty for null versions), `marker` or size and ETag. */
const expected: string[] = [];

const versioning = (Status: 'Enabled' | 'Suspended') =>
  s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } }));

async function put(Key: string, Body: string, more: Partial<PutObjectCommandInput> = {}): Promise<void> {
  const command = new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body), ...more });
  const { VersionId = 'null', ETag } = await s3.send(command);
  const etag = ETag!.replaceAll('"', '');
  expected.push([Key, VersionId === 'null' ? '' : VersionId, String(Body.length), etag].join('\t'));
}
async function remove(Key: string): Promise<void> {
  const { VersionId = 'null' } = await s3.send(new DeleteObjectCommand({ Bucket, Key }));
  expected.push([Key, VersionId === 'null' ? '' : VersionId, 'marker'].join('\t'));
}
const seen = (record: Record): string =>
  [
    record['Key'],
    record['VersionId'],
    ...(record['IsDeleteMarker'] === 'true' ? ['marker'] : [record['Size'], record['ETag']]),
  ].join('\t');

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client({ ...clientConfig(engine), forcePathStyle: true });
  folder = mkdtempSync(join(tmpdir(), 'inventory-'));
  await s3.send(new CreateBucketCommand({ Bucket, ObjectOwnership: 'ObjectWriter' }));
  await s3.send(new CreateBucketCommand({ Bucket: scratch, ObjectOwnership: 'BucketOwnerEnforced' }));
  for (const key of keys.filter((_, i) => i % 3 === 0)) await put(key, 'before versioning');
  await versioning('Enabled');
  for (const key of keys) await put(key, `body of ${key.length}`);
  for (const key of keys.filter((_, i) => i % 2 === 0)) await remove(key);
  for (const key of keys.filter((_, i) => i % 4 === 0)) await put(key, '');
  await put('infrequent', 'x', { StorageClass: 'STANDARD_IA', ChecksumAlgorithm: 'SHA256' });
  await put('secret', 'xyz', { SSECustomerAlgorithm: 'AES256', SSECustomerKey: 'k'.repeat(32) });
  await versioning('Suspended');
  await remove('null-marker');
}, engineStartLimitMs);

afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  s3.destroy();
  await engine.stop();
});

async function deployVault(): Promise<void> {
  const ssm = new SSMClient(clientConfig(engine));
  const Value = JSON.stringify({ scratchBucket: scratch });
  await ssm.send(new PutParameterCommand({ Name: '/cdk-s3-backup/vault', Type: 'String', Value }));
  ssm.destroy();
}

async function download(bucket: string, prefix: string): Promise<void> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix }));
  for (const { Key = '' } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
    mkdirSync(dirname(join(folder, Key)), { recursive: true });
    writeFileSync(join(folder, Key), (await Body?.transformToByteArray()) ?? '');
  }
}

async function readByPython(report: BucketReport): Promise<{ manifest: any; records: Record[] }> {
  await download(report.destinationBucket, report.manifestKey.split(`/${report.configId}/`)[0]!);
  const script = join(__dirname, 'fixtures', 'read_inventory.py');
  const read = await run(await enginePython(), [script, folder, report.manifestKey], { maxBuffer: 2 ** 26 });
  return JSON.parse(read.stdout) as { manifest: any; records: Record[] };
}

test('needs a vault for a bucket that has no inventory configuration', async () => {
  await expect(reportInventory(engine, Bucket)).rejects.toThrow('no vault is deployed: npm run local:deploy');
});

describe('a CSV report', () => {
  const startedAt = Date.UTC(2026, 10, 24, 1, 2, 33);
  let report: BucketReport;
  let manifest: any;
  let records: Record[];
  const of = (key: string): Record => records.find((record) => record['Key'] === key)!;

  beforeAll(async () => {
    await deployVault();
    report = await reportInventory(engine, Bucket, { startedAt, files: 4 });
    ({ manifest, records } = await readByPython(report));
  });

  test('goes where the plan of a deployed vault would have it', async () => {
    const id = inventoryConfigId(scratch);
    expect(report.manifestKey).toBe(`inventory/${Bucket}/${id}/2026-11-24T01-02Z/manifest.json`);
    const { InventoryConfiguration } = await s3.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id: id }));
    expect(InventoryConfiguration?.OptionalFields).toEqual(OPTIONAL_FIELDS);
    expect(manifest).toMatchObject({
      sourceBucket: Bucket,
      destinationBucket: `arn:aws:s3:::${scratch}`,
      version: '2016-11-30',
      creationTimestamp: String(startedAt),
      fileFormat: 'CSV',
      fileSchema: expect.stringMatching(/^Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, .*, ObjectOwner$/),
    });
    for (const { key } of manifest.files)
      expect(key).toMatch(new RegExp(`^inventory/${Bucket}/${id}/data/[-0-9a-f]{36}\\.csv\\.gz$`));
  });

  test('has every version and delete marker of a hostile bucket exactly once', () => {
    const replaced = new Set(keys.filter((_, i) => i % 3 === 0));
    expect(expected.length).toBeGreaterThan(keys.length + replaced.size);
    expect(records.map(seen).sort()).toEqual([...expected].sort());
    expect(records.length).toBe(report.rows);
    for (const record of records) expect(record['Bucket']).toBe(Bucket);
  });

  test('says which version is the latest, one for each key', () => {
    const latest = records.filter((record) => record['IsLatest'] === 'true').map((record) => record['Key']);
    expect(latest.sort()).toEqual([...keys, 'infrequent', 'null-marker', 'secret'].sort());
    expect(of('null-marker')).toMatchObject({
      VersionId: '',
      IsDeleteMarker: 'true',
      Size: '',
      ETag: '',
      StorageClass: '',
    });
  });

  test('is in no order, and in files of about one size', () => {
    expect(manifest.files).toHaveLength(4);
    const order = records.map((record) => record['Key']);
    expect(order).not.toEqual([...order].sort());
  });

  test('dates by whole seconds, and tells class, checksum and encryption', () => {
    for (const record of records) expect(record['LastModifiedDate']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z$/);
    expect(of('infrequent')).toMatchObject({
      StorageClass: 'STANDARD_IA',
      ChecksumAlgorithm: 'SHA256',
      EncryptionStatus: 'SSE-S3',
      BucketKeyStatus: 'DISABLED',
      IsMultipartUploaded: 'false',
    });
    expect(of('secret')).toMatchObject({ Size: '3', EncryptionStatus: 'SSE-C', ChecksumAlgorithm: '' });
  });
});

async function aclOf(bucket: string, options: InventoryOptions): Promise<{ acl: any; record: Record }> {
  const { records } = await readByPython(await reportInventory(engine, bucket, options));
  const record = records[0]!;
  return { acl: JSON.parse(Buffer.from(record['ObjectAccessControlList']!, 'base64').toString()), record };
}

test('ACLs are base64 of JSON, with users and groups; filter, fields and versions are those of the configuration', async () => {
  const bucket = 'shared';
  await s3.send(new CreateBucketCommand({ Bucket: bucket, ObjectOwnership: 'ObjectWriter' }));
  await s3.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  for (const Key of ['in/a', 'in/a', 'out/b']) await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: '1' }));
  const uri = 'http://acs.amazonaws.com/groups/s3/LogDelivery';
  const grants = { GrantRead: `id="${stranger}"`, GrantReadACP: `uri="${uri}"` };
  await s3.send(new PutObjectAclCommand({ Bucket: bucket, Key: 'in/a', ...grants }));
  const Destination = {
    S3BucketDestination: { Bucket: `arn:aws:s3:::${scratch}`, Format: 'CSV' as const, AccountId: localAccount },
  };
  for (const Id of ['narrow', 'off'])
    await s3.send(
      new PutBucketInventoryConfigurationCommand({
        Bucket: bucket,
        Id,
        InventoryConfiguration: {
          Id,
          IsEnabled: Id === 'narrow',
          IncludedObjectVersions: 'Current',
          Filter: { Prefix: 'in/' },
          OptionalFields: ['ObjectOwner', 'ObjectAccessControlList'],
          Schedule: { Frequency: 'Weekly' },
          Destination,
        },
      }),
    );
  const { acl, record } = await aclOf(bucket, {});
  expect(acl).toMatchObject({ version: '2022-11-10', status: 'AVAILABLE' });
  expect(acl.grants).toEqual(
    expect.arrayContaining([
      { canonicalId: stranger, type: 'CanonicalUser', permission: 'READ' },
      { uri, type: 'Group', permission: 'READ_ACP' },
    ]),
  );
  expect(Object.keys(record)).toEqual(['Bucket', 'Key', 'ObjectAccessControlList', 'ObjectOwner']);
  const report = await reportInventory(engine, bucket);
  expect(report).toMatchObject({ rows: 1, configId: 'narrow' });
  expect(report.manifestKey).toMatch(/^shared\/narrow\//);
  const off = reportInventory(engine, bucket, { configId: 'off' });
  await expect(off).rejects.toThrow(
    'bucket shared has no enabled inventory configuration off, only narrow, off (disabled)',
  );
});

test('a Parquet report says the same, by the names and types of AWS', async () => {
  const report = await reportInventory(engine, Bucket, { format: 'Parquet', files: 2 });
  await download(scratch, 'inventory/');
  const manifest = JSON.parse(readFileSync(join(folder, report.manifestKey), 'utf8'));
  expect(manifest.fileSchema).toMatch(
    /^message s3\.inventory \{ required binary bucket \(UTF8\); required binary key \(UTF8\); optional binary version_id \(UTF8\); optional boolean is_latest; .* optional int64 last_modified_date \(TIMESTAMP_MILLIS\); optional binary e_tag \(UTF8\);.* \}$/,
  );
  const rows: any[] = [];
  for (const { key, size, MD5checksum } of manifest.files) {
    const bytes = readFileSync(join(folder, key));
    expect([bytes.length, createHash('md5').update(bytes).digest('hex')]).toEqual([size, MD5checksum]);
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
    rows.push(...(await parquetReadObjects({ file })));
  }
  const text = (row: any): string =>
    [row.key, row.version_id ?? '', ...(row.is_delete_marker ? ['marker'] : [String(row.size), row.e_tag])].join('\t');
  expect(rows.map(text).sort()).toEqual([...expected].sort());
  const { size, last_modified_date, is_latest } = rows.find((row) => row.key === 'infrequent');
  expect([typeof size, last_modified_date instanceof Date, is_latest]).toEqual(['bigint', true, true]);
});

test('reports of generated rows are cut by the number of rows', async () => {
  const put: [string, Uint8Array][] = [];
  function* rows() {
    for (let i = 0; i < 100_000; i++)
      yield {
        key: `key ${i}`,
        isLatest: true,
        isDeleteMarker: false,
        lastModified: 1_700_000_000 + i,
        size: i,
        etag: 'e',
      };
  }
  const report = await writeInventoryReport({
    sourceBucket: 'big',
    destinationBucket: 'reports',
    configId: 'id',
    rows: rows(),
    rowsPerFile: 15_000,
    filesAtOnce: 2,
    put: (key, body) => Promise.resolve(put.push([key, body])),
  });
  expect(report).toMatchObject({ rows: 100_000, files: { length: 8 } });
  expect(put.slice(-2).map(([key]) => key.split('/').at(-1))).toEqual(['manifest.json', 'manifest.checksum']);
  const lines = put
    .filter(([key]) => key.endsWith('.csv.gz'))
    .map(([, body]) => gunzipSync(body).toString().trimEnd().split('\n'));
  expect(lines.map((file) => file.length)).toEqual([...Array<number>(6).fill(15_000), 5_000, 5_000]);
  const found = lines.flat().map((line) => Number(/^"big","key\+(\d+)",/.exec(line)![1]));
  expect(new Set(found).size).toBe(100_000);
  const inOrder = found.filter((number, i) => number === (found[i - 1] ?? -2) + 1).length;
  expect(inOrder).toBeLessThan(1_000);
});

test('the command says where the report is, or what is wrong', async () => {
  const script = async (...args: string[]): Promise<{ code: number; output: string }> => {
    const env = { ...process.env, S3_BACKUP_LOCAL_PORT: String(engine.port) };
    const program = ['--import', 'tsx', join('local', 'inventory.ts'), ...args];
    const child = spawn(process.execPath, program, { cwd: repositoryRoot, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    return { code, output };
  };
  const done = await script(Bucket, '--files', '2');
  expect(done).toEqual({
    code: 0,
    output: expect.stringMatching(
      new RegExp(`^s3://scratch/inventory/hostile/.*/manifest\\.json\\n${expected.length} rows in 2 CSV files, by `),
    ),
  });
  expect(await script('missing')).toEqual({ code: 1, output: 'no such bucket: missing\n' });
  const wrong =
    (...args: string[]) =>
    () =>
      parseInventoryArguments(args);
  expect(wrong()).toThrow('name one bucket; usage: npm run local:inventory -- <bucket>');
  expect(wrong('b', '--format', 'ORC')).toThrow('the format of an inventory must be CSV or Parquet here, got "ORC"');
  expect(wrong('b', '--files', '0')).toThrow('--files must be a whole number from 1, got "0"');
  expect(wrong('b', '--odd')).toThrow(/--odd/);
  expect(parseInventoryArguments(['b', '--format', 'Parquet', '--config-id', 'c'])).toMatchObject({
    bucket: 'b',
    options: { format: 'Parquet', configId: 'c' },
  });
});
