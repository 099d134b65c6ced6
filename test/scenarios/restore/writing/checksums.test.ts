import type { ClientPut, MemoryVersion } from '../../../../lambda/adapters/memory';
import type { PutOptions } from '../../../../lambda/ports/object-store';
import { Rig, VAULT } from '../../support/rig';

const BODY = 'a body of forty bytes, no more and no less';
const restoreIt = { sourceBucket: 'src', destinationBucket: 'dst' };
const WAYS = [
  ['packed', {}],
  ['copied', { packThreshold: 0 }],
  ['copied by parts', { packThreshold: 0, copyPartSize: 4 }],
] as const;

async function backedUp(settings: object, objects: Readonly<Record<string, ClientPut>>): Promise<Rig> {
  const rig = new Rig({ settings });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  for (const [key, options] of Object.entries(objects)) rig.s3.put('src', key, BODY, options);
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  rig.s3.advance(5);
  return rig;
}
/** Algorithm and value of a whole body. */
const kept = ({ checksum }: MemoryVersion) => checksum && [checksum.algorithm, checksum.value.includes('-')];
const all = { CRC32: {}, CRC32C: {}, CRC64NVME: {}, MD5: {}, SHA1: {}, SHA256: {}, SHA512: {} } as const;
type Algorithm = keyof typeof all;
const objectOfEach = (more: ClientPut = {}) =>
  Object.fromEntries((Object.keys(all) as Algorithm[]).map((checksum) => [checksum, { ...more, checksum }]));
const keptOfEach = (rig: Rig, bucket: string) =>
  Object.fromEntries(Object.keys(all).map((key) => [key, kept(rig.s3.find(bucket, key))]));

describe.each(WAYS)('an object that is %s', (way, settings) => {
  const byParts = way === 'copied by parts';
  /** Of an upload by parts S3 has checksums of the full object by CRCs only. */
  const same = Object.fromEntries(
    Object.keys(all).map((name) => [name, [byParts && !name.startsWith('CRC') ? 'CRC64NVME' : name, false]]),
  );
  const crc64nvme = Object.fromEntries(Object.keys(all).map((name) => [name, ['CRC64NVME', false]]));

  test('keeps its checksum algorithm, without one more request', async () => {
    const rig = await backedUp(settings, objectOfEach());
    const { status, requests } = await rig.restore(restoreIt);
    expect([status, keptOfEach(rig, 'dst')]).toEqual(['COMPLETED', same]);
    expect(Object.keys(requests)).not.toContain('GetObject');
  });

  test('has CRC-64/NVME of the full object in the place of a checksum of parts', async () => {
    const rig = await backedUp(settings, objectOfEach({ parts: [20, BODY.length - 20] }));
    expect(kept(rig.s3.find('src', 'SHA1'))).toEqual(['SHA1', true]);
    const { status, verifiedByReading } = await rig.restore(restoreIt);
    expect([status, verifiedByReading, keptOfEach(rig, 'dst')]).toEqual(['COMPLETED', 0, crc64nvme]);
  });

  test('has SHA-256 if it had none', async () => {
    const rig = await backedUp(settings, { old: { checksum: 'none' } });
    expect(await rig.restore(restoreIt)).toMatchObject({ status: 'COMPLETED' });
    expect(kept(rig.s3.find('dst', 'old'))).toEqual([byParts ? 'CRC64NVME' : 'SHA256', false]);
  });

  test('keeps it in a rollback and its undo', async () => {
    const rig = await backedUp(settings, objectOfEach());
    for (const key of Object.keys(all)) rig.s3.put('src', key, 'now', { checksum: 'SHA1' });
    rig.s3.advance(5);
    const done = await rig.restore({ sourceBucket: 'src', rollback: true });
    expect([done.status, keptOfEach(rig, 'src')]).toEqual(['COMPLETED', same]);
    expect(await rig.restore({ sourceBucket: 'src', undo: done.jobId })).toMatchObject({ status: 'COMPLETED' });
    expect(Object.values(keptOfEach(rig, 'src'))).toEqual(Object.keys(all).map(() => ['SHA1', false]));
  });

  test.each(Object.keys(all) as Algorithm[])(
    'is found to be another one by its %s: never COMPLETED',
    async (checksum) => {
      const rig = await backedUp(settings, { k: { checksum } });
      // What arrives at S3 is not what was sent.
      const put = rig.destination.put.bind(rig.destination);
      rig.destination.put = (options: PutOptions) =>
        put({ ...options, body: Uint8Array.from(options.body, (byte, at) => (at === 3 ? byte ^ 1 : byte)) });
      for (const name of rig.s3.keys(VAULT, 'objects/')) rig.s3.corrupt(VAULT, name);
      expect(await rig.restore(restoreIt)).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 1 });
      expect(rig.reportLines()).toContainEqual(expect.objectContaining({ outcome: 'failed', reason: 'damaged' }));
      expect(rig.s3.text('dst', 'k')).toBeUndefined();
      // S3 itself refuses what comes with its checksum: there is nothing to be hidden.
      const refuses = way === 'packed' || byParts;
      expect(rig.s3.history('dst', 'k')).toHaveLength(refuses ? 0 : 2);
      expect(rig.s3.uploads.ids()).toEqual([]);
    },
  );
});

describe('a large body that S3 damaged in the source', () => {
  test.each([
    ['copied', { packThreshold: 0 }, 'SHA256'],
    ['copied by parts', { packThreshold: 0, copyPartSize: 4 }, 'CRC64NVME'],
  ] as const)('is not stored as the one that was there (%s)', async (_, settings, checksum) => {
    const rig = new Rig({ settings });
    rig.s3.createBucket('src');
    for (const key of ['bad', 'good']) rig.s3.put('src', key, BODY, { checksum });
    rig.s3.corrupt('src', 'bad');
    rig.s3.advance(5);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'PARTIAL', skipped: { unreadable: 1 } });
    rig.s3.advance(5);
    rig.s3.createBucket('dst');
    expect(await rig.restore(restoreIt)).toMatchObject({
      status: 'PARTIAL',
      restored: 1,
      skipped: { 'not-stored': 1 },
    });
  });

  test('is found at the restore where only that can compare it', async () => {
    const rig = new Rig({ settings: { packThreshold: 0 } });
    rig.s3.createBucket('src');
    rig.s3.createBucket('dst');
    rig.s3.put('src', 'bad', BODY, { checksum: 'CRC32' });
    rig.s3.corrupt('src', 'bad');
    rig.s3.advance(5);
    await rig.backup({ bucket: 'src' });
    expect(await rig.restore(restoreIt)).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 1 });
    expect(rig.s3.text('dst', 'bad')).toBeUndefined();
  });
});
