import { createHash } from 'node:crypto';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import keys from '../fixtures/keys.json';
import { errorXml, FakeS3 } from '../support/fake-s3';
import { bytes } from '../support/s3-world';

const ACCOUNT = '111111111111';
const storeOn = (s3: FakeS3) => new AwsObjectStore({ accountId: ACCOUNT, client: s3.config });
const copied = {
  body: '<CopyObjectResult><ETag>"e"</ETag><LastModified>2026-07-04T10:00:00.000Z</LastModified></CopyObjectResult>',
};

describe('requests to AWS', () => {
  test('address hostile keys by the virtual host, their path left alone', async () => {
    const s3 = new FakeS3({});
    const store = storeOn(s3);
    for (const key of keys) {
      await store.put({ bucket: 'photos', key, body: bytes('') });
      expect(s3.last.hostname).toBe('photos.s3.eu-central-1.amazonaws.com');
      expect(decodeURIComponent(s3.last.path)).toBe(`/${key}`);
      expect(s3.last.path).not.toMatch(/[^\w\-.~/%]/);
    }
  });

  test('name the source of a copy in percent encoding', async () => {
    const s3 = new FakeS3(copied);
    const store = storeOn(s3);
    for (const key of keys) {
      const source = { bucket: 'photos', key, versionId: 'v+1/=' };
      await store.copy({ source, bucket: 'vault', key: 'copy', properties: 'copy' });
      const header = s3.last.headers['x-amz-copy-source'] ?? '';
      const [path = '', query] = header.split('?');
      expect(query).toBe('versionId=v%2B1%2F%3D');
      expect(decodeURIComponent(path)).toBe(`photos/${key}`);
      expect(path).toMatch(/^photos\/([\w\-.~/]|%[0-9A-F]{2})*$/);
      expect(path.split('/')).toHaveLength(key.split('/').length + 1);
    }
    await store.copy({
      source: { bucket: 'photos', key: "it's (a)*!~+" },
      bucket: 'vault',
      key: 'k',
      properties: 'copy',
    });
    expect(s3.last.headers['x-amz-copy-source']).toBe('photos/it%27s%20%28a%29%2A%21~%2B');
  });

  test('put a body with its SHA-256 and nothing else of their own', async () => {
    const s3 = new FakeS3({ headers: { etag: '"e"', 'x-amz-version-id': 'v' } });
    const hash = createHash('sha256').update('hello').digest();
    const written = await storeOn(s3).put({ bucket: 'photos', key: 'key', body: bytes('hello'), ifAbsent: true });
    expect(written).toEqual({ versionId: 'v', etag: 'e', checksum: undefined });
    const { headers } = s3.last;
    expect(headers).toMatchObject({
      'content-length': '5',
      'content-type': 'binary/octet-stream',
      'if-none-match': '*',
      'x-amz-checksum-sha256': hash.toString('base64'),
      'x-amz-content-sha256': hash.toString('hex'),
      'x-amz-expected-bucket-owner': ACCOUNT,
    });
    const others = [
      'content-encoding',
      'x-amz-trailer',
      'transfer-encoding',
      'x-amz-tagging',
      'x-amz-storage-class',
      'expires',
    ];
    for (const name of others) expect(headers).not.toHaveProperty(name);
    expect(headers.authorization).toMatch(/SignedHeaders=[^,]*;x-amz-checksum-sha256;x-amz-content-sha256;/);
  });

  test('carry all properties', async () => {
    const s3 = new FakeS3({});
    await storeOn(s3).put({
      bucket: 'photos',
      key: 'key',
      body: bytes(''),
      headers: { expires: 'Never ever', 'content-type': 'text/plain', 'website-redirect-location': '/a' },
      userMetadata: { 'a-b': 'c', empty: '' },
      tags: { 'ä b': '1+1=2', plain: '' },
      grants: [
        { grantee: { id: 'abc' }, permission: 'READ' },
        { grantee: { uri: 'http://acs.amazonaws.com/groups/global/AllUsers' }, permission: 'READ' },
        { grantee: { id: 'abc' }, permission: 'WRITE_ACP' },
      ],
      storageClass: 'INTELLIGENT_TIERING',
      encryption: { type: 'SSE_KMS', kmsKeyId: 'arn:key' },
    });
    expect(s3.last.headers).toMatchObject({
      expires: 'Never ever',
      'content-type': 'text/plain',
      'x-amz-website-redirect-location': '/a',
      'x-amz-meta-a-b': 'c',
      'x-amz-meta-empty': '',
      'x-amz-tagging': '%C3%A4%20b=1%2B1%3D2&plain=',
      'x-amz-grant-read': 'id="abc", uri="http://acs.amazonaws.com/groups/global/AllUsers"',
      'x-amz-grant-write-acp': 'id="abc"',
      'x-amz-storage-class': 'INTELLIGENT_TIERING',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'arn:key',
    });
    expect(s3.last.headers.authorization).toContain('expires;');
  });

  test('leave headers with bytes beyond ASCII out of the signature, at repeated attempts too', async () => {
    const s3 = new FakeS3({ status: 500, body: errorXml('InternalError') }, {});
    const headers = { 'content-disposition': 'attachment; filename="Ã¼"', 'content-type': 'Ã©', expires: 'nie Ã¼' };
    await storeOn(s3).put({
      bucket: 'photos',
      key: 'key',
      body: bytes(''),
      headers: { ...headers, 'cache-control': 'a' },
    });
    expect(s3.sent).toHaveLength(2);
    for (const sent of s3.sent) {
      expect(sent.headers).toMatchObject(headers);
      expect(sent.headers.authorization).not.toMatch(/content-disposition|content-type|expires/);
    }
  });

  test('carry headers that are empty, which the SDK would leave out or replace', async () => {
    const s3 = new FakeS3({});
    const headers = { 'content-type': '', 'cache-control': '', expires: '', 'website-redirect-location': '' };
    await storeOn(s3).put({ bucket: 'photos', key: 'key', body: bytes('x'), headers });
    const sent = { 'content-type': '', 'cache-control': '', expires: '', 'x-amz-website-redirect-location': '' };
    expect(s3.last.headers).toMatchObject(sent);
    expect(s3.last.headers).not.toHaveProperty('content-disposition');
  });

  test('copy with directives, conditions and both expected owners', async () => {
    const s3 = new FakeS3(copied);
    const store = storeOn(s3);
    const source = { bucket: 'photos', key: 'key', ifMatch: 'old' };
    const target = { source, bucket: 'vault', key: 'copy' };
    await store.copy({ ...target, properties: 'copy', ifAbsent: true, checksum: 'SHA256', storageClass: 'STANDARD' });
    expect(s3.last.headers).toMatchObject({
      'x-amz-copy-source-if-match': '"old"',
      'x-amz-metadata-directive': 'COPY',
      'x-amz-tagging-directive': 'COPY',
      'x-amz-object-annotation-directive': 'EXCLUDE',
      'x-amz-checksum-algorithm': 'SHA256',
      'x-amz-storage-class': 'STANDARD',
      'if-none-match': '*',
      'x-amz-expected-bucket-owner': ACCOUNT,
      'x-amz-source-expected-bucket-owner': ACCOUNT,
    });
    const properties = { headers: { expires: 'x' }, tags: { a: 'b' }, storageClass: 'GLACIER_IR' };
    await store.copy({ ...target, properties, ifMatch: 'current' });
    expect(s3.last.headers).toMatchObject({
      'x-amz-metadata-directive': 'REPLACE',
      'x-amz-tagging-directive': 'REPLACE',
      'x-amz-tagging': 'a=b',
      'content-type': 'binary/octet-stream',
      'x-amz-storage-class': 'GLACIER_IR',
      expires: 'x',
      'if-match': '"current"',
    });
  });

  test('name the expected owner wherever S3 takes it', async () => {
    const s3 = new FakeS3(
      { body: '<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>' },
      { body: '<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>' },
      {},
      {},
      { body: '<Tagging/>' },
      {},
      { body: '<AccessControlPolicy/>' },
      { body: '<InitiateMultipartUploadResult/>' },
      { body: '<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>' },
      {},
    );
    const store = storeOn(s3);
    const ref = { bucket: 'photos', key: 'key' };
    const upload = { ...ref, uploadId: 'u' };
    await store.listVersions({ bucket: 'photos' });
    await store.listObjects({ bucket: 'photos' });
    await store.head(ref);
    await store.get(ref);
    await store.getTags(ref);
    await store.putTags({ ...ref, tags: {} });
    await store.getAcl(ref);
    await store.createUpload(ref);
    await store.listParts(upload);
    await store.abortUpload(upload);
    await store.addMarker(ref);
    for (const { headers } of s3.sent) expect(headers['x-amz-expected-bucket-owner']).toBe(ACCOUNT);
    expect(store.counts()).toEqual({
      ListObjectVersions: 1,
      ListObjectsV2: 1,
      HeadObject: 1,
      GetObject: 1,
      GetObjectTagging: 1,
      PutObjectTagging: 1,
      GetObjectAcl: 1,
      CreateMultipartUpload: 1,
      ListParts: 1,
      AbortMultipartUpload: 1,
      DeleteObject: 1,
    });
  });

  test('copy parts by range, asking for a checksum of the whole', async () => {
    const s3 = new FakeS3(
      { body: '<CopyPartResult><ETag>"p"</ETag></CopyPartResult>' },
      { body: '<InitiateMultipartUploadResult/>' },
    );
    const store = storeOn(s3);
    const part = await store.copyPart({
      bucket: 'vault',
      key: 'copy',
      uploadId: 'u',
      partNumber: 7,
      source: { bucket: 'photos', key: 'a b', versionId: 'v', ifMatch: 'e' },
      range: { offset: 10, length: 5 },
    });
    expect(part).toEqual({ partNumber: 7, etag: 'p', size: 5 });
    expect(s3.last.query).toMatchObject({ partNumber: '7', uploadId: 'u' });
    expect(s3.last.headers).toMatchObject({
      'x-amz-copy-source': 'photos/a%20b?versionId=v',
      'x-amz-copy-source-range': 'bytes=10-14',
      'x-amz-copy-source-if-match': '"e"',
      'x-amz-source-expected-bucket-owner': ACCOUNT,
    });
    await store.createUpload({ bucket: 'vault', key: 'copy', checksum: 'CRC64NVME', headers: { expires: 'x' } });
    expect(s3.last.headers).toMatchObject({
      'x-amz-checksum-algorithm': 'CRC64NVME',
      'x-amz-checksum-type': 'FULL_OBJECT',
      'content-type': 'binary/octet-stream',
      expires: 'x',
    });
  });

  test('write tags that no header holds when the object is there, at uploads as at puts', async () => {
    const tags = { plain: 'x', large: '值'.repeat(1000) };
    const upload = { bucket: 'photos', key: 'key', uploadId: 'u' };
    const s3 = new FakeS3({
      body: '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
    });
    expect(await storeOn(s3).createUpload({ ...upload, tags })).toEqual(upload);
    expect(s3.last.headers).not.toHaveProperty('x-amz-tagging');

    const completed = {
      headers: { 'x-amz-version-id': 'v1' },
      body: '<CompleteMultipartUploadResult><ETag>"e"</ETag></CompleteMultipartUploadResult>',
    };
    const parts = [{ partNumber: 1, etag: 'p', size: 1 }];
    const tagging = new FakeS3(completed, {});
    await storeOn(tagging).completeUpload({ ...upload, parts, properties: { tags } });
    expect(tagging.sent).toHaveLength(2);
    expect(tagging.last).toMatchObject({ method: 'PUT', query: { tagging: '', versionId: 'v1' } });
    expect(String(tagging.last.body)).toContain(tags.large);

    const small = new FakeS3(completed);
    await storeOn(small).completeUpload({ ...upload, parts, properties: { tags: { a: 'b' } } });
    expect(small.sent).toHaveLength(1);

    const refused = new FakeS3(completed, { status: 403, body: errorXml('AccessDenied') });
    const version = { versionId: 'v1', etag: 'e', tagsRefused: 'access-denied' };
    expect(await storeOn(refused).completeUpload({ ...upload, parts, properties: { tags } })).toMatchObject(version);
    const put = { bucket: 'photos', key: 'key', body: bytes('x'), tags };
    const noPut = new FakeS3(
      { headers: { etag: '"e"', 'x-amz-version-id': 'v1' } },
      { status: 403, body: errorXml('AccessDenied') },
    );
    expect(await storeOn(noPut).put(put)).toMatchObject(version);
    const noCopy = new FakeS3({ ...copied, headers: completed.headers }, { status: 404, body: errorXml('NoSuchKey') });
    const copy = { source: { bucket: 'photos', key: 'a' }, bucket: 'photos', key: 'key', properties: { tags } };
    expect(await storeOn(noCopy).copy(copy)).toMatchObject({ ...version, tagsRefused: 'not-found' });
  });
});
