import type { S3ClientConfig } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { HEADER_NAMES, type PutOptions, StoreError } from '../../lambda/ports/object-store';
import keys from '../fixtures/keys.json';
import { type Answer, errorXml, FakeS3, type SentRequest } from '../support/fake-s3';
import { expectedSignature, signatureOf } from '../support/signature';

const SECRET = 'secret';
const OWN = ['authorization', 'x-amz-date', 'amz-sdk-invocation-id', 'amz-sdk-request'];
const body = Buffer.from('hello');
const target = { bucket: 'photos', key: 'key', body };
/** The answers are of now: of another clock's, an error would be tried again with that clock's time. */
const DATE = new Date().toUTCString();
const done: Answer = { headers: { date: DATE, etag: '"e"', 'x-amz-version-id': 'v' } };
const storeOn = (s3: FakeS3, client: S3ClientConfig = {}) =>
  new AwsObjectStore({ accountId: '111111111111', client: { ...s3.config, ...client } });
const warmStore = async (s3: FakeS3, client?: S3ClientConfig): Promise<AwsObjectStore> => {
  const store = storeOn(s3, client);
  await store.put({ ...target, key: 'first' });
  return store;
};

const isLater = ({ headers }: SentRequest): boolean => !('amz-sdk-invocation-id' in headers);
const lasting = ({ headers }: SentRequest) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.includes(name)));

/** The request that the SDK makes and the one that is made later say the same. */
async function compare(options: PutOptions, s3: FakeS3, warm: AwsObjectStore): Promise<SentRequest> {
  await storeOn(s3).put(options);
  const first = s3.last;
  await warm.put(options);
  const later = s3.last;
  expect([later.method, later.hostname, later.path, later.query]).toEqual([
    first.method,
    first.hostname,
    first.path,
    first.query,
  ]);
  expect(lasting(later)).toEqual(lasting(first));
  if (isLater(later)) {
    expect(later.body).toBe(options.body);
    expect(signatureOf(later)).toBe(expectedSignature(later, SECRET));
  }
  return later;
}

describe('writes after the first of a bucket, which the SDK does not make', () => {
  test('say what the SDK would say', async () => {
    const text = fc.oneof(
      fc.string({ maxLength: 30 }),
      fc.constantFrom('', ' ', 'a  b', ' a', 'Ã¼', '=?UTF-8?B?w6k=?=', '0', 'a,b;c="d"'),
    );
    // What no header can hold is refused before anything is sent, by the SDK's HTTP client.
    const sendable = text.filter((value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value));
    const grantee = fc.constantFrom({ id: 'abc' }, { uri: 'http://acs.amazonaws.com/groups/global/AllUsers' });
    const options = fc.record(
      {
        headers: fc.dictionary(fc.constantFrom(...HEADER_NAMES), sendable),
        userMetadata: fc.dictionary(fc.stringMatching(/^[a-zA-Z0-9_.-]{1,10}$/), sendable, { maxKeys: 4 }),
        tags: fc.dictionary(
          fc.string({ unit: 'grapheme', maxLength: 9 }),
          fc.string({ unit: 'grapheme', maxLength: 9 }),
        ),
        grants: fc.array(
          fc.record({ grantee, permission: fc.constantFrom('READ', 'FULL_CONTROL', 'READ_ACP', 'WRITE_ACP') }),
        ),
        storageClass: fc.constantFrom('STANDARD', 'GLACIER_IR', 'A_NEW_ONE'),
        encryption: fc.constantFrom({ type: 'SSE_S3' }, { type: 'SSE_KMS' }, { type: 'SSE_KMS', kmsKeyId: 'arn:key' }),
        condition: fc.constantFrom({ ifAbsent: true }, { ifMatch: 'e"t' }),
        body: fc.uint8Array({ maxLength: 50 }),
      },
      { requiredKeys: ['body'] },
    );
    const s3 = new FakeS3(done);
    const warm = await warmStore(s3);
    let later = 0;
    await fc.assert(
      fc.asyncProperty(options, fc.constantFrom(...keys), async ({ condition, ...rest }, key) => {
        if (isLater(await compare({ ...rest, ...condition, bucket: 'photos', key }, s3, warm))) later++;
      }),
      { numRuns: 300 },
    );
    expect(later).toBeGreaterThan(10);
  });

  test('leave to the SDK what is large, empty or beyond ASCII', async () => {
    const s3 = new FakeS3(done);
    const warm = await warmStore(s3);
    const made = async (more: Partial<PutOptions>) => isLater(await compare({ ...target, ...more }, s3, warm));
    expect(await made({})).toBe(true);
    expect(await made({ body: new Uint8Array(1024 * 1024) })).toBe(true);
    expect(await made({ body: new Uint8Array(1024 * 1024 + 1) })).toBe(false);
    expect(await made({ headers: { 'content-type': '' } })).toBe(false);
    expect(await made({ headers: { 'content-disposition': 'Ã¼' } })).toBe(false);
    expect(await made({ userMetadata: { a: '' } })).toBe(false);
    expect(await made({ userMetadata: { Upper: 'case' } })).toBe(false);
    expect(await made({ userMetadata: { a: 'Ã¼' } })).toBe(false);
  });

  test('carry the trace of a Lambda, by which AWS finds loops', async () => {
    const env = { ...process.env };
    Object.assign(process.env, { AWS_LAMBDA_FUNCTION_NAME: 'range', _X_AMZN_TRACE_ID: 'Root=1' });
    try {
      const s3 = new FakeS3(done);
      const warm = await warmStore(s3);
      process.env._X_AMZN_TRACE_ID = 'Root=2';
      const sent = await compare(target, s3, warm);
      expect([isLater(sent), sent.headers['X-Amzn-Trace-Id']]).toEqual([true, 'Root=2']);
      await warm.get(target);
      await warm.get(target);
      expect([isLater(s3.last), s3.last.headers['X-Amzn-Trace-Id']]).toEqual([true, 'Root=2']);
    } finally {
      process.env = env;
    }
  });

  const answers: [string, Answer][] = [
    ['a version', done],
    ['no version', { headers: { etag: '"e"' } }],
    ...['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256', 'sha512'].map((name): [string, Answer] => [
      name,
      { headers: { ...done.headers, [`x-amz-checksum-${name}`]: 'abcd', 'x-amz-checksum-type': 'FULL_OBJECT' } },
    ]),
    ['no ETag', {}],
    ['a body', { ...done, body: 'something' }],
    ['another success', { ...done, status: 204 }],
    ...[
      [301, 'PermanentRedirect'],
      [400, 'InvalidRequest'],
      [400, 'AccessControlListNotSupported'],
      [400, 'KMS.ThrottlingException'],
      [400, 'KeyTooLongError'],
      [403, 'AccessDenied'],
      [403, 'ExpiredToken'],
      [404, 'NoSuchBucket'],
      [404, 'NoSuchKey'],
      [409, 'ConditionalRequestConflict'],
      [412, 'PreconditionFailed'],
      [500, 'InternalError'],
      [503, 'SlowDown'],
    ].map(([status, code]): [string, Answer] => [
      String(code),
      { status: Number(status), body: errorXml(String(code)) },
    ]),
  ];
  const outcome = async (store: AwsObjectStore, options: PutOptions, before: number) => {
    const result = await store.put(options).catch((error: unknown) => {
      if (!(error instanceof StoreError)) return String(error);
      const { code, message, cause } = error;
      return { code, message, metadata: { ...(cause as { $metadata?: object }).$metadata, totalRetryDelay: 0 } };
    });
    return { result, requests: (store.counts().PutObject ?? 0) - before };
  };
  test.each(answers)('understand answers like the SDK: %s', async (_, answer) => {
    const client = { maxAttempts: 2 };
    for (const options of [target, { ...target, ifAbsent: true }, { ...target, ifMatch: 'e' }]) {
      const dated = { ...answer, headers: { date: DATE, ...answer.headers } };
      const first = await outcome(storeOn(new FakeS3(dated), client), options, 0);
      const warm = await warmStore(new FakeS3(done, dated), client);
      expect(await outcome(warm, options, 1)).toEqual(first);
    }
  });
});
