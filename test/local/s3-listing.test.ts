import {
  CreateBucketCommand,
  DeleteObjectCommand,
  ListObjectVersionsCommand,
  ListObjectsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
  type ListObjectVersionsCommandInput,
} from '@aws-sdk/client-s3';
import { clientConfig } from '../../local/service/aws-env';
import { startEngine, type Engine } from '../../local/service/engine';
import { engineStartLimitMs } from './support';

/** Listings as AWS gives them, read as raw XML where the order of elements matters. */

let engine: Engine;
let s3: S3Client;
let raw: string;
let buckets = 0;

beforeAll(async () => {
  engine = await startEngine();
  s3 = new S3Client(clientConfig(engine));
  s3.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      const { response } = result as unknown as { response: { body: AsyncIterable<Buffer> & { length?: number } } };
      const chunks: Buffer[] = [];
      for await (const chunk of response.body) chunks.push(chunk);
      raw = Buffer.concat(chunks).toString();
      const { Readable } = await import('node:stream');
      response.body = Readable.from([Buffer.concat(chunks)]);
      return result;
    },
    { step: 'deserialize', name: 'keepRawBody', priority: 'low' },
  );
}, engineStartLimitMs);

afterAll(() => engine.stop());

async function versionedBucket(): Promise<string> {
  const Bucket = `listing-${String(++buckets)}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  return Bucket;
}

const put = async (Bucket: string, Key: string, Body = ''): Promise<string> =>
  (await s3.send(new PutObjectCommand({ Bucket, Key, Body: Buffer.from(Body) }))).VersionId ?? '';
const remove = async (Bucket: string, Key: string): Promise<string> =>
  (await s3.send(new DeleteObjectCommand({ Bucket, Key }))).VersionId ?? '';

interface Row {
  marker: boolean;
  key: string;
  id: string;
  latest: boolean;
}

/** Versions and markers in the order in which the document has them. */
function rows(): Row[] {
  return [...raw.matchAll(/<(Version|DeleteMarker)>(.*?)<\/\1>/gs)].map(([, kind, body = '']) => {
    const field = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(body)?.[1] ?? '';
    const key = decodeURIComponent(field('Key').replaceAll('+', '%20'));
    return { marker: kind === 'DeleteMarker', key, id: field('VersionId'), latest: field('IsLatest') === 'true' };
  });
}

async function page(input: ListObjectVersionsCommandInput) {
  const answer = await s3.send(new ListObjectVersionsCommand({ EncodingType: 'url', ...input }));
  return { ...answer, rows: rows() };
}

async function allRows(input: ListObjectVersionsCommandInput): Promise<Row[]> {
  const found: Row[] = [];
  for (let next: Partial<ListObjectVersionsCommandInput> | undefined = {}; next !== undefined;) {
    const answer = await page({ ...input, ...next });
    found.push(...answer.rows);
    const { IsTruncated, NextKeyMarker = '', NextVersionIdMarker } = answer;
    const KeyMarker = decodeURIComponent(NextKeyMarker.replaceAll('+', '%20'));
    next = IsTruncated === true ? { KeyMarker, VersionIdMarker: NextVersionIdMarker } : undefined;
  }
  return found;
}

test('versions and delete markers of one second come newest first, interleaved, on pages of any size', async () => {
  const Bucket = await versionedBucket();
  const expected: string[] = [];
  for (const Key of ['a', 'b']) {
    const ids = [];
    for (const step of ['put', 'put', 'remove', 'put', 'remove', 'remove', 'put']) {
      ids.unshift(step === 'put' ? await put(Bucket, Key, step) : await remove(Bucket, Key));
    }
    expected.push(...ids);
  }
  for (const MaxKeys of [1, 2, 3, 5, 7, 13, 14, 1000]) {
    const found = await allRows({ Bucket, MaxKeys });
    expect(found.map(({ id }) => id)).toEqual(expected);
    expect(found.filter(({ latest }) => latest).map(({ id }) => id)).toEqual([expected[0], expected[7]]);
    expect(found.map(({ marker }) => marker).slice(0, 7)).toEqual([false, true, true, false, true, false, false]);
  }
});

test('keys are sorted by their UTF-8 bytes', async () => {
  const Bucket = await versionedBucket();
  // In UTF-16 the emoji (D83D…) would sort before the full-width tilde (FF5E).
  const keys = ['😀', '～', 'é', 'z', 'a/b', 'a', 'a b', 'A', 'e\u0301'];
  for (const key of keys) await put(Bucket, key);
  const bytewise = [...keys].sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
  expect((await allRows({ Bucket, MaxKeys: 2 })).map(({ key }) => key)).toEqual(bytewise);
  const { Contents } = await s3.send(new ListObjectsV2Command({ Bucket }));
  expect(Contents?.map(({ Key }) => Key)).toEqual(bytewise);
});

test('url encoding covers keys, prefix, delimiter and markers, and lets hostile keys through', async () => {
  const Bucket = await versionedBucket();
  const keys = ['p+q/a b', 'p+q/c\r', 'p+q/d\u0001', 'p+q/e%20', 'p+q/f\n', 'p+q/😀'];
  for (const key of keys) await put(Bucket, key);
  const answer = await page({ Bucket, Prefix: 'p+q/', Delimiter: ' ', KeyMarker: 'p+q/a', MaxKeys: 3 });
  expect(answer).toMatchObject({
    EncodingType: 'url',
    Prefix: 'p%2Bq/',
    Delimiter: '+',
    KeyMarker: 'p%2Bq/a',
    NextKeyMarker: 'p%2Bq/d%01',
    CommonPrefixes: [{ Prefix: 'p%2Bq/a+' }],
  });
  expect(answer.Versions?.map(({ Key }) => Key)).toEqual(['p%2Bq/c%0D', 'p%2Bq/d%01']);
  expect((await allRows({ Bucket, MaxKeys: 1 })).map(({ key }) => key)).toEqual(keys);
  const v2 = await s3.send(new ListObjectsV2Command({ Bucket, EncodingType: 'url', Prefix: 'p+q/c' }));
  expect(v2).toMatchObject({ EncodingType: 'url', Prefix: 'p%2Bq/c', Contents: [{ Key: 'p%2Bq/c%0D' }] });
  const v1 = await s3.send(new ListObjectsCommand({ Bucket, EncodingType: 'url', Marker: 'p+q/e%20', MaxKeys: 1 }));
  expect(v1).toMatchObject({ EncodingType: 'url', Marker: 'p%2Bq/e%2520', Contents: [{ Key: 'p%2Bq/f%0A' }] });
});

test('without an encoding nothing is encoded, and a carriage return survives', async () => {
  const Bucket = await versionedBucket();
  await put(Bucket, 'a b\r');
  const { EncodingType, Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket }));
  expect(EncodingType).toBeUndefined();
  expect(Versions?.map(({ Key }) => Key)).toEqual(['a b\r']);
});

test('dates have whole seconds and agree with those of HEAD', async () => {
  const Bucket = await versionedBucket();
  await put(Bucket, 'a');
  await remove(Bucket, 'b');
  await s3.send(new ListObjectVersionsCommand({ Bucket }));
  expect(raw.match(/<LastModified>[^<]*/g)).toHaveLength(2);
  for (const list of [
    new ListObjectVersionsCommand({ Bucket }),
    new ListObjectsV2Command({ Bucket }),
    new ListObjectsCommand({ Bucket }),
  ]) {
    await s3.send(list);
    for (const [, date] of raw.matchAll(/<LastModified>([^<]*)/g)) expect(date).toMatch(/T\d\d:\d\d:\d\d\.000Z$/);
  }
});

test('common prefixes roll up versions and count once; paging goes on behind them', async () => {
  const Bucket = await versionedBucket();
  for (const key of ['a/1', 'a/1', 'a/2', 'b', 'c/1', 'd']) await put(Bucket, key);
  const seen: string[] = [];
  for (let next: Partial<ListObjectVersionsCommandInput> | undefined = {}; next !== undefined;) {
    const answer = await page({ Bucket, Delimiter: '/', MaxKeys: 1, ...next });
    seen.push(...(answer.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? ''), ...answer.rows.map(({ key }) => key));
    const { IsTruncated, NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = answer;
    next = IsTruncated === true ? { KeyMarker, VersionIdMarker } : undefined;
  }
  expect(seen).toEqual(['a/', 'b', 'c/', 'd']);
});

test('an object from before versioning is the null version, also below newer ones', async () => {
  const Bucket = `listing-${String(++buckets)}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  await put(Bucket, 'a', 'old');
  expect((await page({ Bucket })).rows).toEqual([{ marker: false, key: 'a', id: 'null', latest: true }]);
  await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  const id = await put(Bucket, 'a', 'new');
  expect((await page({ Bucket })).rows.map((row) => row.id)).toEqual([id, 'null']);
});

test('no more than 1,000 rows come at once, whatever is asked', async () => {
  const Bucket = await versionedBucket();
  await Promise.all(Array.from({ length: 1002 }, (_, n) => put(Bucket, `k${String(n)}`)));
  const answer = await page({ Bucket, MaxKeys: 5000 });
  expect(answer).toMatchObject({ MaxKeys: 1000, IsTruncated: true });
  expect(answer.rows).toHaveLength(1000);
  const { KeyCount, MaxKeys } = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5000 }));
  expect([KeyCount, MaxKeys]).toEqual([1000, 1000]);
});
