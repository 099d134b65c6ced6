import { PackBuilder, readPackFooter } from '../../../../lambda/core/history/files/pack';
import keys from '../../../fixtures/keys.json';

const row = (key: string) => ({ key, versionId: 'v', kind: 'put' as const, lastModified: 1, sha256: '00' });

test('a pack is readable from its tail: every row, with the place of its body', () => {
  const pack = new PackBuilder();
  const placed = keys.map((key, index) => pack.add(row(key), Buffer.from(`${key}#`.repeat(index % 3))));
  const { bytes } = pack.finish();
  const rows = readPackFooter(bytes);
  expect(rows).toEqual(placed);
  rows.forEach(({ key, offset = 0, length = 0 }, index) => {
    expect(Buffer.from(bytes.subarray(offset, offset + length)).toString()).toBe(`${key}#`.repeat(index % 3));
  });
});

test('bytes that are no pack are VaultDamaged', () => {
  const pack = new PackBuilder();
  pack.add(row('k'), Buffer.from('body'));
  const { bytes } = pack.finish();
  for (const broken of [
    bytes.subarray(0, -1),
    bytes.subarray(-9),
    new Uint8Array(),
    Buffer.concat([bytes, Buffer.from('S3PACK1\n')]),
  ])
    expect(() => readPackFooter(broken)).toThrow(expect.objectContaining({ name: 'VaultDamaged' }));
});
