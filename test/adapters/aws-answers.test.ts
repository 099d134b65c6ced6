import { Readable } from 'node:stream';
import { AwsBucketAdmin } from '../../lambda/adapters/aws/s3/aws-bucket-admin';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import type { StoreErrorCode } from '../../lambda/ports/object-store';
import { type Answer, DATE_SECONDS, errorXml, FakeS3 } from '../support/fake-s3';
import { text } from '../support/s3-world';

const ref = { bucket: 'photos', key: 'key' };
const storeOn = (s3: FakeS3, maxAttempts = 1) => new AwsObjectStore({ client: { ...s3.config, maxAttempts } });
const copyOn = (s3: FakeS3, maxAttempts?: number) =>
  storeOn(s3, maxAttempts).copy({ source: ref, bucket: 'vault', key: 'copy', properties: 'copy' });
const broken = () =>
  new Readable({
    read() {
      this.push('hel');
      this.destroy(new Error('socket hang up'));
    },
  });

describe('answers of AWS', () => {
  test('show headers and metadata as they were sent', async () => {
    const s3 = new FakeS3({
      headers: {
        etag: '"e"',
        'last-modified': 'Sat, 04 Jul 2026 10:00:00 GMT',
        expires: 'not a date',
        'content-type': 'text/plain',
        'x-amz-website-redirect-location': '/there',
        'x-amz-meta-title': '=?UTF-8?B?w6k=?=',
        'x-amz-meta-__proto__': 'odd',
        'x-amz-missing-meta': '2',
        'x-amz-tagging-count': '3',
        'x-amz-checksum-crc64nvme': 'abcd',
        'x-amz-checksum-type': 'FULL_OBJECT',
        'x-amz-version-id': 'v',
        'x-amz-storage-class': 'GLACIER_IR',
        server: 'AmazonS3',
      },
    });
    expect(await storeOn(s3).head(ref)).toEqual({
      versionId: 'v',
      etag: 'e',
      size: 0,
      lastModified: DATE_SECONDS - 20 * 60 - 30,
      storageClass: 'GLACIER_IR',
      headers: { 'content-type': 'text/plain', expires: 'not a date', 'website-redirect-location': '/there' },
      userMetadata: Object.fromEntries([
        ['title', '=?UTF-8?B?w6k=?='],
        ['__proto__', 'odd'],
      ]),
      missingMetadata: 2,
      tagCount: 3,
      checksum: { algorithm: 'CRC64NVME', value: 'abcd' },
      date: DATE_SECONDS,
    });
    const dated = new FakeS3({ headers: { expires: 'Wed, 21 Oct 2015 07:28:00 GMT' } });
    expect((await storeOn(dated).head(ref)).headers.expires).toBe('Wed, 21 Oct 2015 07:28:00 GMT');
  });

  test('are read again when the body breaks off or is not what S3 stored', async () => {
    const whole = {
      headers: { 'x-amz-checksum-sha256': 'LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=' },
      body: 'hello',
    };
    const cut = { headers: { 'content-length': '5' }, body: broken() };
    const short = { headers: { 'content-length': '5' }, body: 'hell' };
    const other = { ...whole, body: 'hallo' };
    for (const first of [cut, short, other]) {
      const s3 = new FakeS3(first, whole);
      const store = storeOn(s3);
      expect(text((await store.get(ref)).body)).toBe('hello');
      expect(store.counts()).toEqual({ GetObject: 2 });
      expect(s3.last.headers['x-amz-checksum-mode']).toBe('ENABLED');
    }
    await expect(storeOn(new FakeS3(other)).get(ref)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('to a range carry the size of the whole', async () => {
    const s3 = new FakeS3({ status: 206, headers: { 'content-range': 'bytes 2-4/10' }, body: 'llo' });
    const got = await storeOn(s3).get({ ...ref, range: { offset: 2, length: 3 } });
    expect([text(got.body), got.size]).toEqual(['llo', 10]);
    expect(s3.last.headers).toMatchObject({ range: 'bytes=2-4' });
    expect(s3.last.headers).not.toHaveProperty('x-amz-checksum-mode');
    const whole = await storeOn(new FakeS3({ body: '0123456789' })).get({ ...ref, range: { offset: 2, length: 3 } });
    expect([text(whole.body), whole.size]).toEqual(['234', 10]);
  });

  test('with status 200 can still be errors', async () => {
    const failed = { body: `\n\n${errorXml('InternalError')}` };
    await expect(copyOn(new FakeS3(failed))).rejects.toMatchObject({ code: 'unavailable' });
    const denied = { body: errorXml('AccessDenied') };
    await expect(copyOn(new FakeS3(denied))).rejects.toMatchObject({ code: 'access-denied' });
    await expect(copyOn(new FakeS3({ body: '' }))).rejects.toMatchObject({ code: 'unavailable' });
    const upload = { ...ref, uploadId: 'u', parts: [{ partNumber: 1, etag: 'e', size: 1 }] };
    const complete = (answer: Answer) => storeOn(new FakeS3(answer)).completeUpload(upload);
    await expect(complete(failed)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(complete({ body: errorXml('PreconditionFailed') })).rejects.toMatchObject({
      code: 'precondition-failed',
    });
  });

  test('are asked for again when S3 is busy, and every attempt counts', async () => {
    const s3 = new FakeS3({ status: 503, body: errorXml('SlowDown') }, { body: 'hello' });
    const store = storeOn(s3, 2);
    expect(text((await store.get(ref)).body)).toBe('hello');
    expect(store.counts()).toEqual({ GetObject: 2 });
    const kms = new FakeS3({ status: 400, body: errorXml('KMS.ThrottlingException') }, { body: 'hello' });
    expect(text((await storeOn(kms, 2).get(ref)).body)).toBe('hello');
    const copy = new FakeS3(
      { body: errorXml('InternalError') },
      { body: '<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>' },
    );
    expect((await copyOn(copy, 2)).etag).toBe('e');
  });

  test('to a HEAD have no code: a GET of one byte tells a customer key from other bad requests', async () => {
    const bare = { status: 400 };
    const secret =
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided';
    const sse = new FakeS3(bare, { status: 400, body: errorXml('InvalidRequest', secret) });
    await expect(storeOn(sse).head(ref)).rejects.toMatchObject({ code: 'sse-c' });
    expect(sse.last).toMatchObject({ method: 'GET', headers: { range: 'bytes=0-0' } });
    const token = new FakeS3(bare, { status: 400, body: errorXml('ExpiredToken') });
    await expect(storeOn(token).head(ref)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('to a HEAD that was refused are explained too, and what a GET is allowed was not refused for good', async () => {
    const explained = (status: number, ...answers: Answer[]) =>
      storeOn(new FakeS3({ status, headers: { etag: '' } }, ...answers)).head(ref);
    const skewed = { status: 403, body: errorXml('RequestTimeTooSkewed') };
    await expect(explained(403, skewed)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(explained(403, { status: 403, body: errorXml('AccessDenied') })).rejects.toMatchObject({
      code: 'access-denied',
    });
    const readable = { status: 206, headers: { 'content-range': 'bytes 0-0/9' }, body: 'x' };
    const empty = { status: 416, body: errorXml('InvalidRange') };
    const archived = { status: 403, body: errorXml('InvalidObjectState') };
    for (const status of [400, 403])
      for (const answer of [readable, empty, archived])
        await expect(explained(status, answer)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('to a HEAD of a bucket are explained by a listing of nothing', async () => {
    const described = (...answers: Answer[]) => {
      const { config } = new FakeS3({ status: 403, headers: { etag: '' } }, ...answers);
      return new AwsBucketAdmin({ client: { ...config, maxAttempts: 1 } }).describe('photos');
    };
    const skewed = { status: 403, body: errorXml('RequestTimeTooSkewed') };
    await expect(described(skewed)).rejects.toMatchObject({ code: 'unavailable' });
    await expect(described({ status: 403, body: errorXml('AccessDenied') })).rejects.toMatchObject({
      code: 'access-denied',
    });
    const listed = {
      body: '<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>',
    };
    await expect(described(listed)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that are lost are not asked for again where S3 would write twice', async () => {
    const failure = { status: 500, body: errorXml('InternalError') };
    const ref = { bucket: 'photos', key: 'key' };
    const calls: readonly [string, number, (store: AwsObjectStore) => Promise<unknown>][] = [
      ['a marker', 1, (store) => store.addMarker(ref)],
      ['a marker over an object', 3, (store) => store.addMarker({ ...ref, ifMatch: 'e' })],
      ['an object over another', 1, (store) => store.put({ ...ref, body: Buffer.from('x'), ifMatch: 'e' })],
      ['an object where none is', 3, (store) => store.put({ ...ref, body: Buffer.from('x'), ifAbsent: true })],
      ['a copy', 1, (store) => store.copy({ ...ref, source: ref, properties: {}, ifMatch: 'e' })],
    ];
    for (const [name, attempts, call] of calls) {
      const s3 = new FakeS3(failure);
      await expect(call(storeOn(s3, 3))).rejects.toMatchObject({ code: 'unavailable' });
      expect([name, s3.sent.length]).toEqual([name, attempts]);
    }
    // What S3 refuses for its rate was not done.
    const busy = new FakeS3(
      { status: 503, body: errorXml('SlowDown') },
      { status: 204, headers: { 'x-amz-version-id': 'm' } },
    );
    expect(await storeOn(busy, 3).addMarker(ref)).toEqual({ versionId: 'm' });
  });

  test('to a copy whose destination has no object name the destination: its condition has failed', async () => {
    const copy = { bucket: 'photos', key: 'key', properties: {}, ifMatch: 'e' };
    const missing = (key: string) => ({ status: 404, body: `<Error><Code>NoSuchKey</Code><Key>${key}</Key></Error>` });
    const copied = (source: string, ...answers: Answer[]) =>
      storeOn(new FakeS3(...answers)).copy({ ...copy, source: { bucket: 'vault', key: source, versionId: 'v' } });
    await expect(copied('packs/a', missing('key'))).rejects.toMatchObject({ code: 'precondition-failed' });
    await expect(copied('packs/a', missing('packs/a'))).rejects.toMatchObject({ code: 'not-found' });
    const version = { status: 404, body: '<Error><Code>NoSuchVersion</Code><Key>key</Key></Error>' };
    await expect(copied('key', version)).rejects.toMatchObject({ code: 'not-found' });
    // Both have the key: the destination is looked at.
    await expect(copied('key', missing('key'), { status: 404 })).rejects.toMatchObject({ code: 'precondition-failed' });
    await expect(copied('key', missing('key'), {})).rejects.toMatchObject({ code: 'not-found' });
  });

  const marker = { 'x-amz-delete-marker': 'true' };
  const cases: [string, 'GET' | 'HEAD', Answer, StoreErrorCode][] = [
    ['a missing bucket', 'GET', { status: 404, body: errorXml('NoSuchBucket') }, 'no-such-bucket'],
    ['a missing key', 'GET', { status: 404, body: errorXml('NoSuchKey') }, 'not-found'],
    ['a missing version', 'GET', { status: 404, body: errorXml('NoSuchVersion') }, 'not-found'],
    [
      'a malformed version ID',
      'GET',
      { status: 400, body: errorXml('InvalidArgument', 'Invalid version id specified') },
      'not-found',
    ],
    ['another bad argument', 'GET', { status: 400, body: errorXml('InvalidArgument', 'What?') }, 'invalid'],
    ['a deleted key', 'GET', { status: 404, headers: marker, body: errorXml('NoSuchKey') }, 'delete-marker'],
    [
      'a marker by version',
      'GET',
      { status: 405, headers: marker, body: errorXml('MethodNotAllowed') },
      'delete-marker',
    ],
    ['an archived object', 'GET', { status: 403, body: errorXml('InvalidObjectState') }, 'archived'],
    ['a denied object', 'GET', { status: 403, body: errorXml('AccessDenied') }, 'access-denied'],
    ['a disabled KMS key', 'GET', { status: 400, body: errorXml('KMS.DisabledException') }, 'access-denied'],
    ['KMS out of order', 'GET', { status: 500, body: errorXml('KMS.InternalException') }, 'unavailable'],
    ['KMS throttling', 'GET', { status: 400, body: errorXml('ThrottlingException', 'Rate exceeded') }, 'throttled'],
    ['KMS throttling by its own name', 'GET', { status: 400, body: errorXml('KMS.ThrottlingException') }, 'throttled'],
    ['a wrong signature', 'GET', { status: 403, body: errorXml('SignatureDoesNotMatch') }, 'invalid'],
    ['a bucket of another Region', 'GET', { status: 301, body: errorXml('PermanentRedirect') }, 'invalid'],
    ['a failed condition', 'GET', { status: 412, body: errorXml('PreconditionFailed') }, 'precondition-failed'],
    ['an internal error', 'GET', { status: 500, body: errorXml('InternalError') }, 'unavailable'],
    ['a long key', 'GET', { status: 400, body: errorXml('KeyTooLongError') }, 'key-too-long'],
    ['nothing there', 'HEAD', { status: 404 }, 'not-found'],
    ['a deleted key', 'HEAD', { status: 404, headers: marker }, 'delete-marker'],
    ['a marker by version', 'HEAD', { status: 405, headers: marker }, 'delete-marker'],
    ['a denied object', 'HEAD', { status: 403 }, 'access-denied'],
    ['a failed condition', 'HEAD', { status: 412 }, 'precondition-failed'],
    ['a busy S3', 'HEAD', { status: 503 }, 'throttled'],
    ['a broken S3', 'HEAD', { status: 500 }, 'unavailable'],
  ];
  test.each(cases)('mean %s (%s)', async (_, method, answer, code) => {
    const store = storeOn(new FakeS3(answer));
    const error: unknown = await (method === 'GET' ? store.get(ref) : store.head(ref)).catch((e: unknown) => e);
    expect(error).toMatchObject({ name: 'StoreError', code });
    expect((error as Error).cause).toHaveProperty('$metadata.httpStatusCode', answer.status);
  });

  const writes: [string, Answer, StoreErrorCode][] = [
    ['a race of conditional writes', { status: 409, body: errorXml('ConditionalRequestConflict') }, 'conflict'],
    ['a source that was archived', { status: 403, body: errorXml('ObjectNotInActiveTierError') }, 'archived'],
    ['ACLs that are off', { status: 400, body: errorXml('AccessControlListNotSupported') }, 'acls-disabled'],
    [
      'a source that is a marker',
      { status: 400, body: errorXml('InvalidRequest', 'may not specifically refer to a delete marker by version id') },
      'delete-marker',
    ],
    [
      'a source too large',
      { status: 400, body: errorXml('InvalidRequest', 'The specified copy source is larger') },
      'invalid',
    ],
  ];
  test.each(writes)('to a copy mean %s', async (_, answer, code) => {
    await expect(copyOn(new FakeS3(answer))).rejects.toMatchObject({ code });
  });

  test('a condition on an object that is not there has failed', async () => {
    const gone = { status: 404, body: errorXml('NoSuchKey') };
    const put = storeOn(new FakeS3(gone)).put({ ...ref, body: new Uint8Array(), ifMatch: 'e' });
    await expect(put).rejects.toMatchObject({ code: 'precondition-failed' });
    const remove = storeOn(new FakeS3(gone)).addMarker({ ...ref, ifMatch: 'e' });
    await expect(remove).rejects.toMatchObject({ code: 'precondition-failed' });
  });

  test('that never came are unavailable, bugs stay bugs', async () => {
    const config = new FakeS3().config;
    const failing = (error: Error) =>
      new AwsObjectStore({
        client: { ...config, maxAttempts: 1, requestHandler: { handle: () => Promise.reject(error) } },
      });
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    await expect(failing(reset).get(ref)).rejects.toMatchObject({ code: 'unavailable', cause: reset });
    const bug = new TypeError('undefined is not a function');
    await expect(failing(bug).get(ref)).rejects.toBe(bug);
  });
});
