import fc from 'fast-check';
import { decodeFileTable } from '../../../../lambda/core/history/files/file-table';
import { readSegment, SOME_FILE } from '../../../../lambda/core/history/files/segment-reader';
import { SegmentWriter } from '../../../../lambda/core/history/files/segment-writer';
import type { Row } from '../../../../lambda/core/history/row';
import { compareKeys, inRange } from '../../../../lambda/core/keys/order';
import keys from '../../../fixtures/keys.json';

const file = (n: number) => ({
  name: `packs/${String(n)}`,
  versionId: `v${String(n)}`,
  checksum: 'SHA256:x',
  bytes: 99,
  commit: n,
});
const FULL: Omit<Row, 'key'> = {
  versionId: '3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY+MTRCxf3vjVBH40Nr8X8gdRQBpUMLUo',
  kind: 'put',
  lastModified: 1_790_000_000,
  newerThan: 'null',
  sequencer: '0055AED6DCD90281E5',
  visibleFrom: 1,
  visibleBefore: 2,
  size: 53_000_000_000_000,
  etag: 'd41d8cd98f00b204e9800998ecf8427e-3',
  storageClass: 'STANDARD',
  checksumAlgorithm: 'CRC64NVME',
  checksum: 'abc=',
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  headers: '[["content-type","text/plain; charset=é"]]',
  userMetadata: '[]',
  tags: '[["ключ","значение 🦄"]]',
  acl: '["owner",[]]',
  file: file(1),
  offset: 0,
  length: 0,
  encoding: 'zstd',
  effectiveFrom: 3,
  observedAt: 4,
  removedAfter: 5,
  removedBefore: 6,
  source: 'listing',
  uncertain: 'same-second',
};

async function roundTrip(rows: readonly Row[], options?: Parameters<typeof readSegment>[1]): Promise<Row[]> {
  const writer = new SegmentWriter();
  rows.forEach((row) => {
    writer.add(row);
  });
  const segment = writer.finish();
  const read: Row[] = [];
  const files = decodeFileTable(segment.files);
  for await (const chunk of readSegment(segment.bytes, { files, sha256: segment.sha256, ...options }))
    read.push(...chunk);
  return read;
}
/** Files come back with their numbers of rows, which a row does not have. */
const plain = (rows: readonly Row[]): unknown =>
  rows.map((row) => ({ ...row, file: row.file && { name: row.file.name, versionId: row.file.versionId } }));

test('every field of every hostile key comes back, and nothing that was not there', async () => {
  const sorted = [...keys, '\ufeffbom first', '\u0001'].sort(compareKeys);
  const rows = sorted.flatMap((key, index): Row[] => [
    { key, ...FULL, file: file(index % 3) },
    { key, versionId: 'null', kind: 'marker', lastModified: 1 },
  ]);
  expect(plain(await roundTrip(rows))).toEqual(plain(rows));
});

test('the file table counts the live rows and bytes of each file', () => {
  const writer = new SegmentWriter();
  for (const [index, key] of ['a', 'b', 'c'].entries())
    writer.add({ key, ...FULL, file: file(index % 2), length: 10 + index });
  expect(decodeFileTable(writer.finish().files)).toEqual([
    { ...file(0), liveRows: 2, liveBytes: 22 },
    { ...file(1), liveRows: 1, liveBytes: 11 },
  ]);
});

test('a range reads its keys only, over any number of row groups', async () => {
  const all = Array.from({ length: 45_000 }, (_, i): Row => ({
    key: `k${String(i).padStart(6, '0')}`,
    versionId: 'v',
    kind: 'put',
    lastModified: i,
  }));
  await fc.assert(
    fc.asyncProperty(fc.nat(45_000), fc.nat(45_000), async (a, b) => {
      const range = {
        from: `k${String(Math.min(a, b)).padStart(6, '0')}`,
        to: `k${String(Math.max(a, b)).padStart(6, '0')}`,
      };
      const read = await roundTrip(all, { range, columns: ['key', 'last_modified'] });
      expect(read.map((row) => row.lastModified)).toEqual(
        all.filter((row) => inRange(row.key, range)).map((row) => row.lastModified),
      );
    }),
    { numRuns: 5 },
  );
});

test('without the file table a body is there, but not where', async () => {
  const writer = new SegmentWriter();
  writer.add({ key: 'k', ...FULL });
  for await (const [row] of readSegment(writer.finish().bytes)) expect(row?.file).toBe(SOME_FILE);
});

test('equal rows make equal bytes, and one changed bit is found', async () => {
  const make = () => {
    const writer = new SegmentWriter();
    writer.add({ key: 'k', ...FULL });
    return writer.finish();
  };
  const { bytes, sha256 } = make();
  expect(make().sha256).toBe(sha256);
  const damaged = Uint8Array.from(bytes);
  damaged[100] = (damaged[100] ?? 0) ^ 1;
  await expect(readSegment(damaged, { sha256 }).next()).rejects.toMatchObject({ name: 'VaultDamaged' });
});

test('rows out of order are refused', () => {
  const writer = new SegmentWriter();
  writer.add({ key: '\u{10000}', ...FULL });
  expect(() => {
    writer.add({ key: '\uffff', ...FULL });
  }).toThrow('key order');
});
