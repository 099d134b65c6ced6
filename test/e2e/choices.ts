import { HeadObjectCommand, PutObjectCommand, PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { compareBuckets } from '../../local/buckets/compare';
import { currentOf, restorableOf } from '../../local/buckets/history';
import type { SampleBucket } from '../../local/buckets/sample';
import { bytes } from '../../local/buckets/sample-content';
import { inParallel } from '../../local/support/parallel';
import keys from '../fixtures/keys.json';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const markers = 1_100;
const large = 1024 * 1024 + 1;

/** Choices that a request has, as S3 then has the objects. */
export function choices(world: () => E2eWorld): void {
  describe('a request', () => {
    let bucket: SampleBucket;
    const backUp = (input: object = {}) => world().main.backups.succeed({ bucket: Bucket.choices, ...input });
    const restore = (destinationBucket: string, input: object = {}) =>
      world().main.restores.succeed({ sourceBucket: Bucket.choices, destinationBucket, ...input });
    const head = (name: string, key: string) => world().s3.send(new HeadObjectCommand({ Bucket: name, Key: key }));

    beforeAll(async () => {
      bucket = await world().newBucket({ name: Bucket.choices });
      await bucket.put('small', { body: 'v1', tags: { state: 'old' } });
      await bucket.put('large', { body: bytes(large, 'large'), tags: { state: 'old' } });
      await world().s3.send(
        new PutObjectCommand({ Bucket: Bucket.choices, Key: 'rare', Body: 'rare', StorageClass: 'STANDARD_IA' }),
      );
      await backUp();
    });
    afterAll(() => bucket.destroy());

    test('names the storage class: STANDARD by default, or the original one', async () => {
      await restore('e2e-standard', { createBucket: true });
      await restore('e2e-original', { createBucket: true, storageClass: 'ORIGINAL' });
      await restore('e2e-archive', { createBucket: true, storageClass: 'GLACIER_IR' });
      expect((await head('e2e-standard', 'rare')).StorageClass ?? 'STANDARD').toBe('STANDARD');
      expect((await head('e2e-original', 'rare')).StorageClass).toBe('STANDARD_IA');
      for (const key of ['small', 'large']) expect((await head('e2e-archive', key)).StorageClass).toBe('GLACIER_IR');
    });

    test('names the encryption', async () => {
      await restore('e2e-sse-s3', { createBucket: true, encryption: { type: 'SSE_S3' } });
      for (const key of ['small', 'large']) expect((await head('e2e-sse-s3', key)).ServerSideEncryption).toBe('AES256');
    });

    test('leaves tags out', async () => {
      await restore('e2e-no-tags', { createBucket: true, restoreTags: false, items: ['small', 'large'] });
      for (const [, [version]] of await world().reader.read('e2e-no-tags')) expect(version).toMatchObject({ tags: {} });
    });

    test('made once more skips what is there, and writes nothing', async () => {
      const first = await restore('e2e-twice', { createBucket: true });
      const again = await restore('e2e-twice');
      expect(again).toMatchObject({ status: 'COMPLETED', restored: 0, skipped: { exists: first.restored } });
      const overwritten = await restore('e2e-twice', { onExisting: 'overwrite' });
      expect(overwritten).toMatchObject({ status: 'COMPLETED', restored: first.restored });
      for (const [, versions] of await world().reader.read('e2e-twice')) expect(versions).toHaveLength(2);
    });

    test('for all metadata finds tags that changed on a version', async () => {
      const TagSet = [{ Key: 'state', Value: 'neu ü' }];
      for (const Key of ['small', 'large'])
        await world().s3.send(new PutObjectTaggingCommand({ Bucket: Bucket.choices, Key, Tagging: { TagSet } }));
      expect(await backUp({ metadata: 'FULL' })).toMatchObject({ stored: 0, reused: 3 });
      await restore('e2e-new-tags', { createBucket: true, items: ['small', 'large'] });
      for (const [, [version]] of await world().reader.read('e2e-new-tags'))
        expect(version).toMatchObject({ tags: { state: 'neu ü' } });
    });

    test('lists items in a file: any key, as JSON text where it is odd', async () => {
      const { history } = await world().sample();
      const list = [...keys.map((key) => JSON.stringify(key)), 'photos/'].join('\n');
      await world().s3.send(new PutObjectCommand({ Bucket: Bucket.choices, Key: 'the list', Body: list }));
      await world().main.restores.succeed({
        sourceBucket: Bucket.sample,
        itemsFile: `s3://${Bucket.choices}/the list`,
        destinationBucket: 'e2e-listed',
        createBucket: true,
      });
      // As among the items of a request, a text that ends in a slash is a prefix.
      const prefixes = [...keys.filter((key) => key.endsWith('/')), 'photos/'];
      const wanted = [...currentOf(history)].filter(
        ([key]) => keys.includes(key) || prefixes.some((prefix) => key.startsWith(prefix)),
      );
      const restored = await world().reader.read('e2e-listed');
      expect(compareBuckets(new Map(wanted), restored).differences).toEqual([]);
    });

    test('for current versions only stores those', async () => {
      await bucket.put('small', { body: 'v2' });
      await bucket.put('small', { body: 'v3' });
      expect(await backUp({ versions: 'CURRENT' })).toMatchObject({ status: 'COMPLETED', stored: 2, removed: 0 });
      const { error, cause } = await world().main.restores.run({
        sourceBucket: Bucket.choices,
        destinationBucket: 'e2e-current',
        createBucket: true,
        versions: 'all',
      });
      expect({ error, cause }).toEqual({
        error: 'InvalidRequest',
        cause: expect.stringMatching(/versions.*only current versions/) as string,
      });
    });
  });

  describe('a bucket of more than one page of a listing', () => {
    test('is stored as a whole, also when a page has nothing but delete markers', async () => {
      const bucket = await world().newBucket({ name: Bucket.markers });
      await bucket.put('a', { body: 'before' });
      await inParallel(
        Array.from({ length: markers }, (_, n) => `m/${n}`),
        8,
        (key) => bucket.delete(key),
      );
      await bucket.put('z', { body: 'behind' });
      const output = await world().main.backups.succeed({ bucket: Bucket.markers });
      expect(output).toMatchObject({
        objects: 2,
        stored: 2,
        // Two pages, and nine looks at where to cut a bucket that has more than one of them.
        requests: { GetObject: 2, ListObjectVersions: 2 + 9, ListObjectsV2: 1 },
      });
      const destinationBucket = 'e2e-markers-restored';
      const request = { sourceBucket: Bucket.markers, destinationBucket, createBucket: true, versions: 'all' };
      await world().main.restores.succeed(request);
      const restored = await world().reader.read(destinationBucket);
      expect(compareBuckets(restorableOf(bucket.snapshot()), restored).differences).toEqual([]);
      bucket.destroy();
    });
  });
}
