import { compareBuckets } from '../../local/buckets/compare';
import {
  currentOf,
  newBodies,
  restorableOf,
  type BodyState,
  type BucketHistory,
  type VersionState,
} from '../../local/buckets/history';

const body = (versionId: string, changes: Partial<BodyState> = {}): BodyState => ({
  kind: 'body',
  versionId,
  size: 3,
  sha256: 'abc',
  headers: { 'content-type': 'text/plain', expires: '0' },
  metadata: { a: 'b' },
  tags: { t: 'ü' },
  grants: ['FULL_CONTROL me', 'READ you'],
  checksum: 'CRC32',
  ...changes,
});
const marker = (versionId: string): VersionState => ({ kind: 'marker', versionId });
const history = (entries: Record<string, VersionState[]>): BucketHistory => new Map(Object.entries(entries));

const expected = history({ k: [body('1'), marker('2'), body('3')], l: [body('1')] });
const with3 = (last: VersionState): BucketHistory => history({ k: [body('x'), marker('y'), last], l: [body('z')] });

describe('a comparison', () => {
  test('finds nothing in equal buckets, whatever their version IDs and the order of grants and names', () => {
    const same = with3(
      body('w', { grants: ['READ you', 'FULL_CONTROL me'], headers: { expires: '0', 'content-type': 'text/plain' } }),
    );
    expect(compareBuckets(expected, same)).toMatchObject({
      keys: 2,
      versions: 3,
      markers: 1,
      bytes: 9,
      tags: 3,
      grants: 6,
      differences: [],
    });
    expect(compareBuckets(expected, same, { versionIds: true }).differences).toHaveLength(4);
  });

  test('takes CRC-64/NVME of the full object for a checksum of parts, and nothing else', () => {
    const ofParts = history({ k: [body('1', { checksum: 'SHA256 of parts' })] });
    const found = (checksum: string) => compareBuckets(ofParts, history({ k: [body('1', { checksum })] })).differences;
    expect([found('CRC64NVME'), found('SHA256')]).toEqual([[], [expect.stringContaining('got SHA256')]]);
  });

  test.each<[string, BucketHistory, string]>([
    ['a byte', with3(body('3', { sha256: 'abd' })), '"k", version 3 of 3: SHA-256: expected abc, got abd'],
    ['a size', with3(body('3', { size: 4 })), 'version 3 of 3: size: expected 3, got 4'],
    ['a header', with3(body('3', { headers: { expires: '0' } })), 'headers: expected'],
    ['metadata', with3(body('3', { metadata: { a: 'B' } })), 'metadata: expected'],
    ['a tag', with3(body('3', { tags: {} })), 'tags: expected [["t","ü"]], got []'],
    ['a grant', with3(body('3', { grants: ['FULL_CONTROL me'] })), 'grants: expected'],
    ['a checksum', with3(body('3', { checksum: 'SHA256' })), 'checksum: expected CRC32, got SHA256'],
    ['a marker', with3(marker('3')), '"k": expected body, marker, body, got body, marker, marker'],
    ['an order', history({ k: [marker('2'), body('1'), body('3')], l: [body('1')] }), 'got marker, body, body'],
    ['a key', history({ k: [body('1'), marker('2'), body('3')] }), '"l": expected body, got nothing'],
    ['one more key', new Map([...with3(body('3')), ['m', [marker('1')]]]), '"m": not expected, got marker'],
  ])('finds %s that differs', (_, actual, difference) => {
    expect(compareBuckets(expected, actual).differences).toEqual([expect.stringContaining(difference)]);
  });
});

test('a restore brings back no markers before the first body, and current objects only where there are any', () => {
  const all = history({ a: [marker('1'), body('2'), marker('3')], b: [marker('1')], c: [body('1'), body('2')] });
  expect([...restorableOf(all)].map(([key, versions]) => [key, versions.length])).toEqual([
    ['a', 2],
    ['c', 2],
  ]);
  expect([...currentOf(all)].map(([key, [version]]) => [key, version?.versionId])).toEqual([['c', '2']]);
});

test('what is new between two moments is told by version, and null versions by their content', () => {
  const before = history({ a: [body('1')], n: [body('null')] });
  const after = history({ a: [body('1'), body('2')], n: [body('null', { sha256: 'new' })], m: [marker('1')] });
  expect(newBodies(before, after).map(({ versionId }) => versionId)).toEqual(['2', 'null']);
});
