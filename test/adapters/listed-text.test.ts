import { ListObjectVersionsCommand, S3Client } from '@aws-sdk/client-s3';
import fc from 'fast-check';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { mergeRows, rowOrder } from '../../lambda/adapters/aws/s3/wire/version-rows';
import { readPage } from '../../lambda/adapters/aws/s3/wire/version-text';
import keys from '../fixtures/keys.json';
import { FakeS3 } from '../support/fake-s3';

/** As S3 encodes keys of listings: as forms do. */
const encoded = (key: string): string =>
  encodeURIComponent(key)
    .replace(/%20/g, '+')
    .replace(/%2F/g, '/')
    .replace(/[!'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
const page = (rows: string, head = '<EncodingType>url</EncodingType><IsTruncated>false</IsTruncated>'): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name>${head}${rows}</ListVersionsResult>`;

/** The rows as the SDK reads them, put into the order of the text. */
async function bySdk(text: string) {
  const client = new S3Client(new FakeS3({ body: text }).config);
  return mergeRows(rowOrder(text), await client.send(new ListObjectVersionsCommand({ Bucket: 'photos' })));
}

const owner = '<Owner><ID>75aa</ID><DisplayName>it &amp; me</DisplayName></Owner>';
const piece = fc.constantFrom;
const anyRow = fc
  .record({
    kind: piece('Version', 'Version', 'DeleteMarker'),
    key: piece(...keys).map(encoded),
    versionId: piece('null', '3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY', 'a&amp;b', '_._'),
    isLatest: piece('true', 'false'),
    date: piece(
      '2026-09-12T17:50:30.000Z',
      '2026-09-12T17:50:30Z',
      '2026-09-12T17:50:30.999Z',
      '2024-02-29T23:59:59.9Z',
      '2026-08-31T00:00:00.000Z',
      '1970-01-01T00:00:00.000Z',
    ),
    etag: piece('&quot;fba9dede5f27731c9771645a39863328&quot;', '"e-3"', '&#34;e&#34;'),
    size: piece('0', '1024', '5497558138880'),
    storageClass: piece('STANDARD', 'GLACIER_IR', 'A_NEW_ONE'),
    more: piece(
      '',
      owner,
      '<Owner/>',
      '<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>',
      '<ChecksumAlgorithm>SHA256</ChecksumAlgorithm><ChecksumAlgorithm>CRC32</ChecksumAlgorithm>',
      '<RestoreStatus><IsRestoreInProgress>false</IsRestoreInProgress></RestoreStatus>',
    ),
  })
  .map(({ kind, key, versionId, isLatest, date, etag, size, storageClass, more }) => {
    const common = `<Key>${key}</Key><VersionId>${versionId}</VersionId><IsLatest>${isLatest}</IsLatest><LastModified>${date}</LastModified>`;
    const isMarker = kind === 'DeleteMarker';
    const own = isMarker
      ? ''
      : `<ETag>${etag}</ETag><Size>${size}</Size><StorageClass>${storageClass}</StorageClass>${more}`;
    return `<${kind}>${common}${own}${isMarker ? owner : ''}</${kind}>`;
  });

test('rows are read as the SDK reads them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow, { maxLength: 20 }), async (rows) => {
      const text = page(rows.join(''));
      const read = readPage(text);
      expect(read?.entries).toEqual(await bySdk(text));
      expect(read?.rest).toBe(page(''));
    }),
    { numRuns: 150 },
  );
});

const row =
  '<Version><Key>k</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><LastModified>2026-09-12T17:50:30.000Z</LastModified><ETag>"e"</ETag><Size>1</Size><StorageClass>STANDARD</StorageClass></Version>';
const odd: [string, string][] = [
  ['keys that are not encoded', page(row, '<IsTruncated>false</IsTruncated>')],
  ['another page', row],
  ['a prefix of names', page(row.replace(/Version>/g, 's3:Version>'))],
  ['an attribute', page(row.replace('<Version>', '<Version a="b">'))],
  ['a comment', page(`<!-- ${row} -->`)],
  ['text in CDATA', page(row.replace('<Key>k', '<Key><![CDATA[k]]>'))],
  ['no date', page(row.replace(/<LastModified>.*<\/LastModified>/, ''))],
  ['a date of another zone', page(row.replace('30.000Z', '30.000+01:00'))],
  ['a date that there is not', page(row.replace('2026-09-12', '2026-13-45'))],
  ['a day that the month does not have', page(row.replace('2026-09-12', '2026-02-30'))],
  ['an hour that the day does not have', page(row.replace('T17:50:30.000', 'T24:00:00'))],
  ['a fraction that the SDK rounds up to the next second', page(row.replace('30.000Z', '30.999999999Z'))],
  ['no size', page(row.replace('<Size>1</Size>', ''))],
  ['a size that is none', page(row.replace('<Size>1', '<Size>1e3'))],
  ['no storage class', page(row.replace('<StorageClass>STANDARD</StorageClass>', ''))],
  ['no ETag', page(row.replace('<ETag>"e"</ETag>', ''))],
  ['two keys', page(row.replace('<Key>', '<Key>a</Key><Key>'))],
  ['an empty key', page(row.replace('<Key>k', '<Key>'))],
  ['a key with spaces', page(row.replace('<Key>k', '<Key> k'))],
  ['a key that is no percent encoding', page(row.replace('<Key>k', '<Key>100%'))],
  ['a key that is no UTF-8', page(row.replace('<Key>k', '<Key>%FF'))],
  ['an entity that S3 does not need', page(row.replace('<VersionId>v', '<VersionId>&#118;'))],
  ['a loose ampersand', page(row.replace('<VersionId>v', '<VersionId>a&b'))],
  ['tags that do not match', page(row.replace('</Key>', '</Kay>'))],
  ['another truth', page(row.replace('true', 'yes'))],
  ['tags that do not match within the owner', page(row.replace('<Size>', '<Owner><ID>a</Owner><Size>'))],
  ['a row that does not end', page(row.replace('</Version>', ''))],
  ['a row that ends as the other kind', page(row.replace('</Version>', '</DeleteMarker>'))],
  ['an element that does not begin', page(row.replace('<Size>', ' Size>'))],
  ['a row within an element', page(row.replace('<Size>1', `<Size>${row}`))],
  ['a text that breaks off', page(row).slice(0, -80)],
  ['a space that is not ASCII', page(row.replace('STANDARD', 'STANDARD\u00a0'))],
  ['line ends of another system', page(row.replace('<VersionId>v', '<VersionId>a\r\nb'))],
  ['spaces between elements', page(row.replace('<Size>', '\n <Size>'))],
];
test.each(odd)('a page with %s is for the SDK', (_, text) => {
  expect(readPage(page(row))?.entries).toHaveLength(1);
  expect(readPage(text)).toBeUndefined();
});

test('how a page goes on is read as before', async () => {
  const head =
    '<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><NextKeyMarker>a+b%2Bc</NextKeyMarker><NextVersionIdMarker>v</NextVersionIdMarker>';
  const store = new AwsObjectStore({ client: new FakeS3({ body: page(row + row, head) }).config });
  const answer = await store.listVersions({ bucket: 'photos' });
  expect(answer.entries).toHaveLength(2);
  expect(answer.next).toEqual({ keyMarker: 'a b+c', versionIdMarker: 'v' });
});
