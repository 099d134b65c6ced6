import type { S3ClientConfig } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { Crc64Nvme } from '../../lambda/core/values/crc64nvme';
import { type GetOptions, StoreError } from '../../lambda/ports/object-store';
import keys from '../fixtures/keys.json';
import { type Answer, errorXml, FakeS3 } from '../support/fake-s3';
import { expectedSignature, signatureOf } from '../support/signature';

const ref = { bucket: 'photos', key: 'key', versionId: 'v1' };
const SECRET = 'secret';
/** Headers that tell one attempt of a call from another. */
const OWN = ['authorization', 'x-amz-date', 'amz-sdk-invocation-id', 'amz-sdk-request'];
const storeOn = (s3: FakeS3, client: S3ClientConfig = {}) =>
  new AwsObjectStore({ accountId: '111111111111', client: { ...s3.config, ...client } });

/** The request that a store sends at first, which is the SDK's, and the one that it sends later. */
async function sentBoth(options: GetOptions, client: S3ClientConfig = {}) {
  const s3 = new FakeS3({ body: '0123456789abcdef' });
  await storeOn(s3, client).get(options);
  const store = storeOn(s3, client);
  await store.get({ bucket: options.bucket, key: 'another key' });
  await store.get(options);
  const [first, , later] = s3.sent;
  if (!first || !later || s3.sent.length !== 3) throw new Error('three requests');
  return { first, later };
}

describe('reads after the first of a bucket, which the SDK does not make', () => {
  const session = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET, sessionToken: 'token' };
  const clients: [string, S3ClientConfig][] = [
    ['by the virtual host', {}],
    ['with the credentials of a session', { credentials: session }],
    ['to the dualstack endpoint', { useDualstackEndpoint: true }],
    ['to the FIPS endpoint', { region: 'us-west-2', useFipsEndpoint: true }],
    ['by the path', { forcePathStyle: true }],
    ['to an endpoint of one’s own', { endpoint: 'http://127.0.0.1:4566/base', forcePathStyle: true }],
    ['to an accelerated bucket', { useAccelerateEndpoint: true }],
    ['of China', { region: 'cn-north-1' }],
  ];
  const reads: GetOptions[] = [
    ref,
    { ...ref, ifMatch: 'e"t' },
    { ...ref, versionId: 'null', range: { offset: 5, length: 10 } },
    { bucket: 'photos', key: 'key' },
    { ...ref, versionId: 'a+b/c=d e&f' },
  ];
  test.each(clients)('are the requests that the SDK would send (%s)', async (_, client) => {
    for (const options of reads) {
      const { first, later } = await sentBoth(options, client);
      const { headers: firstHeaders, ...where } = first;
      const { headers: laterHeaders } = later;
      expect(later).toMatchObject(where);
      const lasting = Object.entries(firstHeaders).filter(([name]) => !OWN.includes(name));
      expect(
        Object.entries(laterHeaders)
          .filter(([name]) => !OWN.includes(name))
          .sort(),
      ).toEqual(lasting.sort());
      expect(laterHeaders).not.toHaveProperty('amz-sdk-invocation-id');
      for (const sent of [first, later]) expect(signatureOf(sent)).toBe(expectedSignature(sent, SECRET));
    }
  });

  test('address and sign hostile keys like the SDK', async () => {
    const s3 = new FakeS3({});
    const store = storeOn(s3);
    for (const key of ['first', ...keys]) {
      await storeOn(s3).get({ ...ref, key });
      const first = s3.last;
      await store.get({ ...ref, key });
      expect([s3.last.path, s3.last.query]).toEqual([first.path, first.query]);
      expect(signatureOf(s3.last)).toBe(expectedSignature(s3.last, SECRET));
    }
    expect(s3.last.headers).not.toHaveProperty('amz-sdk-request');
  });

  test('take new credentials when the old ones expire', async () => {
    let round = 0;
    const credentials = () => {
      round++;
      const expiration = new Date(Date.now() + 1_000);
      return Promise.resolve({
        accessKeyId: `KEY${round}`,
        secretAccessKey: `${round}`,
        sessionToken: `t${round}`,
        expiration,
      });
    };
    const s3 = new FakeS3({});
    const store = storeOn(s3, { credentials });
    for (let i = 0; i < 3; i++) await store.get(ref);
    const [, two, three] = s3.sent;
    for (const sent of [two, three]) {
      const [, number = ''] = /Credential=KEY(\d+)\//.exec(sent?.headers.authorization ?? '') ?? [];
      expect(sent?.headers['x-amz-security-token']).toBe(`t${number}`);
      expect(signatureOf(sent!)).toBe(expectedSignature(sent!, number));
    }
    expect(three?.headers['x-amz-security-token']).not.toBe(two?.headers['x-amz-security-token']);
  });

  test('keep to the rate that the retry strategy allows', async () => {
    const asked: string[] = [];
    const token = { getRetryCount: () => 0, getRetryDelay: () => 0, getRetryCost: () => undefined };
    const retryStrategy = {
      mode: 'standard',
      acquireInitialRetryToken: () => Promise.resolve((asked.push('token'), token) as never),
      refreshRetryTokenForRetry: () => Promise.reject(new Error('no')),
      recordSuccess: () => void asked.push('success'),
    };
    const store = storeOn(new FakeS3({}), { retryStrategy });
    for (let i = 0; i < 3; i++) await store.get(ref);
    expect(asked).toEqual(['token', 'success', 'token', 'success', 'token', 'success']);
  });

  test('stay with the SDK where requests are signed in another way', async () => {
    const s3 = new FakeS3({});
    const sign = (request: object) => Promise.resolve(Object.assign(request, { headers: { authorization: 'Other' } }));
    const store = storeOn(s3, { signer: { sign } as never });
    for (let i = 0; i < 3; i++) await store.get(ref);
    expect(s3.sent.map(({ headers }) => headers)).toEqual(Array(3).fill({ authorization: 'Other' }));
    expect(store.counts()).toEqual({ GetObject: 3 });
  });
});

/** The answers are of now: of another clock's, an error would be tried again with that clock's time. */
const DATE = new Date().toUTCString();
const hello = Buffer.from('hello');
const sum = (algorithm: string): string => createHash(algorithm).update(hello).digest('base64');
const crc = (value: number): string => Buffer.from(value.toString(16).padStart(8, '0'), 'hex').toString('base64');
const SUMS = {
  sha256: sum('sha256'),
  sha1: sum('sha1'),
  crc32: crc(crc32(hello)),
  crc64nvme: new Crc64Nvme().update(hello).digest(),
  crc32c: 'mnG7TA==',
  sha512: sum('sha512'),
};
const withHeaders = (headers: Record<string, string>): Answer => ({ headers, body: 'hello' });

const answers: [string, Answer, Partial<GetOptions>?][] = [
  ['nothing but a body', { body: 'hello' }],
  ['an empty body', { body: '' }],
  ...Object.entries(SUMS).flatMap(([name, value]): [string, Answer][] => [
    [`${name}, right`, withHeaders({ [`x-amz-checksum-${name}`]: value })],
    [`${name}, wrong`, withHeaders({ [`x-amz-checksum-${name}`]: crc(7) })],
    [`${name} of parts`, withHeaders({ [`x-amz-checksum-${name}`]: `${value}-3`, 'x-amz-checksum-type': 'COMPOSITE' })],
  ]),
  [
    'two checksums, the stronger one wrong',
    withHeaders({ 'x-amz-checksum-sha256': SUMS.sha1, 'x-amz-checksum-crc32': SUMS.crc32 }),
  ],
  ['an empty checksum', withHeaders({ 'x-amz-checksum-crc32': '' })],
  ['a checksum with a hyphen that is no number of parts', withHeaders({ 'x-amz-checksum-sha256': 'abc-0' })],
  ['a checksum of an empty body', { body: '', headers: { 'x-amz-checksum-crc32': 'AAAAAA==' } }],
  [
    'all that an object can have',
    withHeaders({
      'x-amz-version-id': 'v1',
      etag: '"e-3"',
      'last-modified': 'Sat, 04 Jul 2026 10:00:00 GMT',
      'cache-control': 'no-cache',
      'content-disposition': 'attachment; filename="Ã¼"',
      'content-encoding': 'gzip',
      'content-language': 'de',
      'content-type': '',
      expires: 'never',
      'x-amz-website-redirect-location': '/there',
      'x-amz-meta-title': '=?UTF-8?B?w6k=?=',
      'x-amz-meta-__proto__': 'odd',
      'x-amz-meta-empty': '',
      'x-amz-missing-meta': '2',
      'x-amz-tagging-count': '3',
      'x-amz-storage-class': 'GLACIER_IR',
      'x-amz-server-side-encryption': 'aws:kms',
    }),
  ],
  ['a date as expiry', withHeaders({ expires: 'Wed, 21 Oct 2015 07:28:00 GMT' })],
  ['an empty expiry', withHeaders({ expires: '' })],
  ['a null version', withHeaders({ 'x-amz-version-id': 'null' }), { versionId: 'null' }],
  ['a date that is none', withHeaders({ 'last-modified': 'soon' })],
  ['a date of another form', withHeaders({ 'last-modified': 'Saturday, 04-Jul-26 10:00:00 GMT' })],
  ['a count that is none', withHeaders({ 'x-amz-tagging-count': 'many' })],
  ['a body that is too short', withHeaders({ 'content-length': '9' })],
  ['a body that is too long', withHeaders({ 'content-length': '2' })],
  [
    'a range',
    { status: 206, headers: { 'content-range': 'bytes 2-6/10' }, body: 'hello' },
    { range: { offset: 2, length: 5 } },
  ],
  ['a whole body for a range', { body: '0123456789' }, { range: { offset: 2, length: 3 } }],
  ['a range beyond the end', { status: 416, body: errorXml('InvalidRange') }, { range: { offset: 20, length: 3 } }],
  [
    'a range with a checksum',
    { status: 206, headers: { 'content-range': 'bytes 0-4/5', 'x-amz-checksum-crc32': 'x' }, body: 'hello' },
    { range: { offset: 0, length: 5 } },
  ],
  ['another success', { status: 204, body: '' }],
  [
    'a delete marker',
    {
      status: 405,
      headers: { 'x-amz-delete-marker': 'true', 'last-modified': 'Sat, 04 Jul 2026 10:00:00 GMT' },
      body: errorXml('MethodNotAllowed'),
    },
  ],
  ['an error that is no XML', { status: 400, body: 'what?' }],
  ['an error without a body', { status: 403, body: '' }],
  ...[
    [301, 'PermanentRedirect'],
    [304, 'NotModified'],
    [400, 'InvalidRequest'],
    [400, 'KMS.DisabledException'],
    [400, 'KMS.ThrottlingException'],
    [400, 'ExpiredToken'],
    [403, 'AccessDenied'],
    [403, 'InvalidObjectState'],
    [403, 'RequestTimeTooSkewed'],
    [403, 'SignatureDoesNotMatch'],
    [404, 'NoSuchBucket'],
    [404, 'NoSuchKey'],
    [404, 'NoSuchVersion'],
    [412, 'PreconditionFailed'],
    [500, 'InternalError'],
    [503, 'SlowDown'],
  ].map(([status, code]): [string, Answer] => [String(code), { status: Number(status), body: errorXml(String(code)) }]),
];

/** What a read came to, and the requests that it took. */
async function outcome(store: AwsObjectStore, options: GetOptions, before: number) {
  const result = await store.get(options).then(
    (got) => ({ ...got, body: Buffer.from(got.body).toString() }),
    (error: unknown) => {
      if (!(error instanceof StoreError)) return String(error);
      const cause = error.cause as { name?: string; $metadata?: { httpStatusCode?: number; attempts?: number } };
      const { code, lastModified } = error;
      // Streams and we do not word it alike when a body is not the one that was stored.
      const message = error.message.replace(/: (Checksum mismatch|the body does not have).*/, ': wrong checksum');
      return {
        code,
        message,
        lastModified,
        status: cause.$metadata?.httpStatusCode,
        attempts: cause.$metadata?.attempts,
      };
    },
  );
  return { result, requests: (store.counts().GetObject ?? 0) - before };
}

describe('answers to later reads mean what they mean to the first', () => {
  test.each(answers)('%s', async (_, answer, more = {}) => {
    const options = { ...ref, ...more };
    const client = { maxAttempts: 2 };
    const dated = { ...answer, headers: { date: DATE, ...answer.headers } };
    const first = await outcome(storeOn(new FakeS3(dated), client), options, 0);
    const warmed = storeOn(new FakeS3({ headers: { date: DATE }, body: 'x' }, dated), client);
    await warmed.get(ref);
    expect(await outcome(warmed, options, 1)).toEqual(first);
  });
});
