import { AwsBucketAdmin } from '../../lambda/adapters/aws/s3/aws-bucket-admin';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { errorXml, FakeS3 } from '../support/fake-s3';

const object = { bucket: 'photos', key: 'key' };
const upload = { ...object, uploadId: 'u' };
const source = { bucket: 'other', key: 'key', versionId: 'v1' };
const range = { offset: 0, length: 5 };
const client = (s3: FakeS3) => ({ client: { ...s3.config, maxAttempts: 2 } });
const store = (s3: FakeS3): AwsObjectStore => new AwsObjectStore(client(s3));

/** Calls whose answers are XML, each with an answer that is as short as can be. */
const calls: [string, string, (s3: FakeS3) => Promise<unknown>][] = [
  ['versions', 'ListVersionsResult', (s3) => store(s3).listVersions({ bucket: 'photos' })],
  ['objects', 'ListBucketResult', (s3) => store(s3).listObjects({ bucket: 'photos' })],
  ['parts', 'ListPartsResult', (s3) => store(s3).listParts(upload)],
  ['tags', 'Tagging', (s3) => store(s3).getTags(object)],
  ['an ACL', 'AccessControlPolicy', (s3) => store(s3).getAcl(object)],
  ['a copy', 'CopyObjectResult', (s3) => store(s3).copy({ ...object, source, properties: 'copy' })],
  ['an upload', 'InitiateMultipartUploadResult', (s3) => store(s3).createUpload(object)],
  ['a part', 'CopyPartResult', (s3) => store(s3).copyPart({ ...upload, source, range, partNumber: 1 })],
  ['an end', 'CompleteMultipartUploadResult', (s3) => store(s3).completeUpload({ ...upload, parts: [] })],
  ['notifications', 'NotificationConfiguration', (s3) => new AwsBucketAdmin(client(s3)).ensureEventBridge('photos')],
];

/** Successes that are no answers. S3's docs warn of them; gateways and proxies send them. */
const others: [string, string, string][] = [
  ['nothing', '', 'unavailable'],
  ['spaces', ' \n ', 'unavailable'],
  ['no XML', 'ok', 'unavailable'],
  ['a page of a gateway', '<html><body>Welcome</body></html>', 'unavailable'],
  ['an error', errorXml('InternalError'), 'unavailable'],
  ['an error and the end of a line', `${errorXml('SlowDown')}\n`, 'throttled'],
  ['an error after spaces', `   ${errorXml('AccessDenied')}\n `, 'access-denied'],
  ['an error after a great many spaces', `${' '.repeat(9_000)}${errorXml('InternalError')}\n`, 'unavailable'],
  ['the answer to another call', '<ListBucketsResult></ListBucketsResult>', 'unavailable'],
];

describe.each(calls)('a success with something else than %s', (_, root, call) => {
  test.each(others)('is tried again, and then an error (%s)', async (_, body, code) => {
    const s3 = new FakeS3({ body });
    await expect(call(s3)).rejects.toMatchObject({ code });
    expect(s3.sent).toHaveLength(2);
  });

  test('harms nothing once', async () => {
    const inner = root.startsWith('List') ? '<IsTruncated>false</IsTruncated>' : '';
    const body = `<?xml version="1.0" encoding="UTF-8"?>\n${' '.repeat(9_000)}<${root} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${root}>`;
    const s3 = new FakeS3({ body: '' }, { body });
    await call(s3);
    expect(s3.sent.length).toBeGreaterThan(1);
  });
});

/** What S3, and servers like it, may write before or instead of a root with a closing tag. */
test.each([
  ['empty', '<Tagging/>'],
  ['of a namespace', '<s3:Tagging xmlns:s3="http://s3.amazonaws.com/doc/2006-03-01/"/>'],
  ['behind a declaration', '<?xml version="1.0" encoding="UTF-8"?>\r\n<Tagging\n/>'],
  ['with its name across the end of what is looked at first', `${' '.repeat(4_092)}<Tagging><TagSet/></Tagging>`],
])('an answer is one that is %s', async (_, body) => {
  const s3 = new FakeS3({ body });
  await store(s3).getTags(object);
  expect(s3.sent).toHaveLength(1);
});

describe('a success without an ETag', () => {
  const body = Buffer.from('a body');
  const about: [string, (s3: AwsObjectStore) => Promise<unknown>][] = [
    ['is no object', (s3) => s3.get(object)],
    ['is no part of an object', (s3) => s3.get({ ...object, range })],
    ['is nothing known of an object', (s3) => s3.head(object)],
    ['is no write', (s3) => s3.put({ ...object, body })],
  ];
  test.each(about)('%s, be it the first of its kind or not', async (_, call) => {
    const page = { headers: { etag: '' }, body: '<html><body>Welcome</body></html>' };
    const fake = new FakeS3(page);
    await expect(call(store(fake))).rejects.toMatchObject({ code: 'unavailable' });
    expect(fake.sent).toHaveLength(2);
    const later = new FakeS3({ body: 'hello' }, {}, page);
    const warmed = store(later);
    await warmed.get(object);
    await warmed.put({ ...object, body });
    await expect(call(warmed)).rejects.toMatchObject({ code: 'unavailable' });
    expect(later.sent).toHaveLength(4);
  });
});

describe('an answer to another question', () => {
  const right = { status: 200, headers: { etag: '"e"', 'x-amz-version-id': 'v1' }, body: 'right' };
  const part = (contentRange: string): object => ({
    ...right,
    status: 206,
    headers: { ...right.headers, 'content-range': contentRange },
  });
  const wrong: [string, object, object][] = [
    ['another version', { versionId: 'v1' }, { ...right, headers: { ...right.headers, 'x-amz-version-id': 'v2' } }],
    ['another part', { range }, part('bytes 5-9/10')],
    ['a part that ends too early', { range: { offset: 0, length: 6 } }, part('bytes 0-4/10')],
    ['a part that ends too late', { range: { offset: 0, length: 4 } }, part('bytes 0-4/10')],
    ['a part of nobody knows what', { range }, part('bytes 0-4/*')],
    ['a part of what was asked for whole', {}, part('bytes 0-4/10')],
  ];
  test.each(wrong)('is asked for again, and then an error (%s)', async (_, fields, answer) => {
    const s3 = new FakeS3(answer);
    await expect(store(s3).get({ ...object, ...fields })).rejects.toMatchObject({ code: 'unavailable' });
    expect(s3.sent).toHaveLength(3);
  });

  test('harms nothing once, and an answer that names no version is none', async () => {
    const [, fields, answer] = wrong[0]!;
    const s3 = new FakeS3(answer, right, { ...right, headers: { etag: '"e"' } });
    for (const requests of [2, 3]) {
      expect(Buffer.from((await store(s3).get({ ...object, ...fields })).body).toString()).toBe('right');
      expect(s3.sent).toHaveLength(requests);
    }
  });

  test.each([
    ['all of it, by the way', {}, part('bytes 0-4/5')],
    ['a part as long as the object is', { range: { offset: 0, length: 100 } }, part('bytes 0-4/5')],
    ['the null version', { versionId: 'null' }, { ...right, headers: { etag: '"e"', 'x-amz-version-id': 'null' } }],
  ])('is not %s', async (_, fields, answer) => {
    const s3 = new FakeS3(answer);
    expect(Buffer.from((await store(s3).get({ ...object, ...fields })).body).toString()).toBe('right');
    expect(s3.sent).toHaveLength(1);
  });
});
