import { changedParts } from '../../../lambda/core/browse/object-changes';
import type { Row } from '../../../lambda/core/history/row';
import type { VersionView } from '../../../lambda/core/history/view';
import { sha256Hex } from '../../../lambda/core/values/hash';

const hex = (text: string): string => sha256Hex(Buffer.from(text));
const base64 = (text: string): string => Buffer.from(hex(text), 'hex').toString('base64');
const file = (checksum: string): Row['file'] => ({ name: 'objects/x', checksum, bytes: 4, commit: 1 });
const version = (versionId: string, fields: Partial<Row> = {}, state: Partial<VersionView> = {}): VersionView => ({
  row: { key: 'k', versionId, kind: 'put', lastModified: 1, size: 4, ...fields },
  doubts: [],
  ...state,
});

test.each<[string, Partial<Row>, Partial<Row>, boolean]>([
  ['equal hashes', { sha256: hex('a'), etag: 'x' }, { sha256: hex('a'), etag: 'y' }, true],
  ['other hashes', { sha256: hex('a'), etag: 'x' }, { sha256: hex('b'), etag: 'x' }, false],
  ['a packed body and the copy of the same', { sha256: hex('a') }, { file: file(`SHA256:${base64('a')}`) }, true],
  ['a packed body and the copy of another', { sha256: hex('a') }, { file: file(`SHA256:${base64('b')}`) }, false],
  [
    'other checksums under one ETag',
    { file: file('CRC64NVME:a'), etag: 'x' },
    { file: file('CRC64NVME:b'), etag: 'x' },
    false,
  ],
  [
    'the checksum that S3 kept of both',
    { file: file('SHA256:a'), checksumAlgorithm: 'CRC32', checksum: 'same' },
    { checksumAlgorithm: 'CRC32', checksum: 'same' },
    true,
  ],
  ['checksums of parts, which prove nothing', { file: file('SHA256:a-2') }, { file: file('SHA256:a-2') }, false],
  [
    'checksums of parts, and one ETag',
    { file: file('SHA256:a-2'), etag: 'x' },
    { file: file('SHA256:b-3'), etag: 'x' },
    true,
  ],
  ['no checksum in common, and other ETags', { sha256: hex('a'), etag: 'x' }, { etag: 'y' }, false],
  ['nothing known', {}, {}, false],
  ['other sizes', { etag: 'x' }, { etag: 'x', size: 5 }, false],
])('bodies of two versions: %s', (_what, a, b, isSame) => {
  expect(changedParts(version('1', a), version('2', b))).toEqual(isSame ? [] : ['body']);
});

test('one version has one body and one metadata; its tags and ACL may change', () => {
  const unknown = version('1', { etag: undefined });
  expect(changedParts(unknown, unknown)).toEqual([]);
  expect(changedParts(version('1', {}, { tags: 'a', acl: 'a' }), version('1', {}, { tags: 'b', acl: 'b' }))).toEqual([
    'tags',
    'acl',
  ]);
});

test('a null version that was replaced is another one', () => {
  const before = version('null', { etag: 'x', sha256: hex('a'), headers: 'h' });
  const after = version('null', { etag: 'y', sha256: hex('b'), headers: 'i', lastModified: 2 });
  expect(changedParts(before, after)).toEqual(['body', 'metadata']);
});

test('what is not known of both states is not said to differ', () => {
  const known = version('1', { sha256: hex('a'), headers: 'h', userMetadata: 'm' }, { tags: 't', acl: 'a' });
  expect(changedParts(known, version('2', { sha256: hex('a') }))).toEqual([]);
});
