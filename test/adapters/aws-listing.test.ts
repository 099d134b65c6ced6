import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { mergeRows, rowOrder } from '../../lambda/adapters/aws/s3/wire/version-rows';
import { DATE_SECONDS, FakeS3 } from '../support/fake-s3';

const SECOND = '2026-07-04T10:00:00.000Z';
const version = (key: string, id: string) =>
  `<Version><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>false</IsLatest>` +
  `<LastModified>${SECOND}</LastModified><ETag>&quot;e-${id}&quot;</ETag><Size>3</Size>` +
  `<Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass></Version>`;
const marker = (key: string, id: string) =>
  `<DeleteMarker><Key>${key}</Key><VersionId>${id}</VersionId><IsLatest>false</IsLatest>` +
  `<LastModified>${SECOND}</LastModified><Owner><ID>o</ID></Owner></DeleteMarker>`;
const page = (rows: string, head = '<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>') =>
  `<?xml version="1.0" encoding="UTF-8"?>\n` +
  `<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix></Prefix>` +
  `<KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker><MaxKeys>1000</MaxKeys>${head}${rows}</ListVersionsResult>`;

async function list(body: string) {
  const s3 = new FakeS3({ body });
  const store = new AwsObjectStore({ accountId: '111111111111', client: s3.config });
  return { s3, page: await store.listVersions({ bucket: 'photos' }) };
}
const names = (entries: readonly { key: string; versionId: string; isMarker: boolean }[]) =>
  entries.map(({ key, versionId, isMarker }) => `${key} ${versionId}${isMarker ? ' marker' : ''}`);

describe('a page of ListObjectsV2', () => {
  const listed = (rest: string) => {
    const s3 = new FakeS3({ body: `<ListBucketResult><EncodingType>url</EncodingType>${rest}</ListBucketResult>` });
    return new AwsObjectStore({ client: s3.config }).listObjects({ bucket: 'photos' });
  };
  const row = '<Contents><Key>k+1</Key><Size>1</Size><ETag>e</ETag></Contents>';

  test('goes on after its last key', async () => {
    expect((await listed(`<IsTruncated>true</IsTruncated>${row}`)).next).toBe('k 1');
    expect((await listed(`<IsTruncated>false</IsTruncated>${row}`)).next).toBeUndefined();
  });

  test('that does not say whether it goes on, or where, is an error', async () => {
    for (const rest of [row, '', '<IsTruncated>true</IsTruncated>'])
      await expect(listed(rest)).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('a page of ListObjectVersions', () => {
  test('keeps the order of the text where versions and markers share a second', async () => {
    const rows = [version('k', '5'), marker('k', '4'), marker('k', '3'), version('k', '2'), marker('l', '1')].join(
      '\n',
    );
    const { page: answer } = await list(page(rows));
    expect(names(answer.entries)).toEqual(['k 5', 'k 4 marker', 'k 3 marker', 'k 2', 'l 1 marker']);
    expect(answer.entries[0]).toEqual({
      key: 'k',
      versionId: '5',
      isMarker: false,
      isLatest: false,
      lastModified: Date.parse(SECOND) / 1000,
      etag: 'e-5',
      size: 3,
      storageClass: 'STANDARD',
    });
    expect(answer.date).toBe(DATE_SECONDS);
  });

  test('may hold delete markers only', async () => {
    expect(names((await list(page(marker('a', '1') + marker('b', '2')))).page.entries)).toEqual([
      'a 1 marker',
      'b 2 marker',
    ]);
  });

  test('may be empty and go on', async () => {
    const head =
      '<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>' +
      '<NextKeyMarker>a+b%2Bc%2F%C3%A9</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>';
    const { page: answer } = await list(page('', head));
    expect(answer).toEqual({
      entries: [],
      next: { keyMarker: 'a b+c/é', versionIdMarker: 'v' },
      date: DATE_SECONDS,
    });
  });

  test('decodes what is declared as encoded, as forms are', async () => {
    const rows = version('a+b%2Bc%20d%25%0D%0A%EF%BB%BF', '1');
    expect((await list(page(rows))).page.entries[0]?.key).toBe('a b+c d%\r\n\ufeff');
    const plain = page(version('a+b%2B', '1'), '<IsTruncated>false</IsTruncated>');
    expect((await list(plain)).page.entries[0]?.key).toBe('a+b%2B');
  });

  test('asks for encoded keys of the expected owner', async () => {
    const { s3 } = await list(page(''));
    expect(s3.last.query).toMatchObject({ 'encoding-type': 'url' });
    expect(s3.last.headers['x-amz-expected-bucket-owner']).toBe('111111111111');
    const store = new AwsObjectStore({ client: s3.config });
    await store.listVersions({
      bucket: 'photos',
      prefix: 'a b',
      cursor: { keyMarker: 'k+1', versionIdMarker: 'v' },
      maxKeys: 5,
    });
    expect(s3.last.query).toMatchObject({
      prefix: 'a b',
      'key-marker': 'k+1',
      'version-id-marker': 'v',
      'max-keys': '5',
    });
    expect(s3.last.headers).not.toHaveProperty('x-amz-expected-bucket-owner');
  });

  test('is no page when its text and its rows differ', () => {
    const Key = 'k';
    expect(() => mergeRows(['Version'], {})).toThrow('do not match');
    expect(() => mergeRows([], { DeleteMarkers: [{ Key }] })).toThrow('do not match');
    expect(() => mergeRows(['DeleteMarker'], { Versions: [{ Key }] })).toThrow('do not match');
  });

  test('shows rows in its text, not their parts or texts that look like rows', () => {
    const text =
      '<s3:Version><VersionId>&lt;Version&gt;</VersionId></s3:Version><VersionIdMarker/><DeleteMarker a="b">' +
      '<Key>Version</Key></DeleteMarker>\n<Version\n><Key>&lt;DeleteMarker&gt;</Key></Version>';
    expect(rowOrder(text)).toEqual(['Version', 'DeleteMarker', 'Version']);
  });

  test('that is cut off without a next key is an error', async () => {
    await expect(list(page('', '<IsTruncated>true</IsTruncated>'))).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('that does not say whether there are more is an error: the rest would look deleted', async () => {
    const rows = version('k', '1');
    for (const head of ['<EncodingType>url</EncodingType>', ''])
      await expect(list(page(rows, head))).rejects.toMatchObject({ code: 'unavailable' });
  });
});
