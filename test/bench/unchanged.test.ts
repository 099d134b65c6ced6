import { bundleWorkers } from '../../bench/support/bundle-workers';
import { BUCKET, generatedObjects } from '../../bench/support/generated-bucket';
import { type ListingServer, listingServer } from '../../bench/support/listing-server';
import { pagesServer } from '../../bench/support/unchanged-servers';
import { unchangedBench } from '../../bench/unchanged';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import { MemoryObjectStore, MemoryS3 } from '../../lambda/adapters/memory';
import type { ListedVersion, ObjectPage, ObjectStore, VersionPage } from '../../lambda/ports/object-store';
import { clientConfig } from '../../local/service/aws-env';

const OBJECTS = 2_500;

describe('the server that writes pages as S3 does', () => {
  let server: ListingServer;
  let served: AwsObjectStore;
  const s3 = new MemoryS3();
  const inMemory = new MemoryObjectStore(s3);
  /** Version IDs of the model by those of the formula. */
  const versionIds = new Map<string, string>();

  beforeAll(async () => {
    s3.createBucket(BUCKET);
    for (const { key, versionId, lastModified, etag, body } of generatedObjects({ objects: OBJECTS })) {
      const options = { at: lastModified, etag, checksum: 'CRC64NVME' as const };
      versionIds.set(versionId, s3.put(BUCKET, key, body, options));
    }
    server = await listingServer({ objects: OBJECTS, buckets: [BUCKET] });
    served = new AwsObjectStore({ client: clientConfig(server) });
  });
  afterAll(async () => {
    served.destroy();
    await server.stop();
  });

  const modelled = (versionId: string | undefined): string | undefined =>
    versionId === undefined ? undefined : versionIds.get(versionId);
  const versionsOf = ({ entries, next }: VersionPage, map = (id?: string) => id) => ({
    entries: entries.map((entry: ListedVersion) => ({ ...entry, versionId: map(entry.versionId) })),
    next: next && { ...next, versionIdMarker: map(next.versionIdMarker) },
  });
  async function allVersions(
    store: ObjectStore,
    options: { prefix?: string; maxKeys?: number },
    map = (id?: string) => id,
  ) {
    const pages: unknown[] = [];
    let page: VersionPage | undefined;
    do {
      page = await store.listVersions({ bucket: BUCKET, ...options, cursor: page?.next });
      pages.push(versionsOf(page, map));
    } while (page.next);
    return pages;
  }
  async function allObjects(store: ObjectStore, options: { prefix?: string; maxKeys?: number; startAfter?: string }) {
    const pages: ObjectPage[] = [];
    for (let startAfter = options.startAfter; ; startAfter = pages.at(-1)?.next) {
      pages.push(await store.listObjects({ bucket: BUCKET, ...options, startAfter }));
      if (pages.at(-1)?.next === undefined) return pages;
    }
  }

  test.each([{}, { maxKeys: 700 }, { prefix: 'data/1' }, { prefix: 'data/05/object-0000000005' }, { prefix: 'none' }])(
    'lists versions as the model of S3 does: %j',
    async (options) => {
      expect(await allVersions(served, options, modelled)).toEqual(await allVersions(inMemory, options));
    },
  );

  test.each([
    {},
    { maxKeys: 700 },
    { prefix: 'data/96/' },
    { startAfter: 'data/50/object' },
    { startAfter: 'data/96/object-9' },
  ])('lists objects as the model of S3 does: %j', async (options) => {
    expect(await allObjects(served, options)).toEqual(await allObjects(inMemory, options));
  });

  test.each(['', 'a', 'data/03', 'data/03/object-0000000003.json', 'data/03/object-00000000031', 'data/96/z', 'z'])(
    'goes on after any key: %j',
    async (keyMarker) => {
      const options = { bucket: BUCKET, cursor: { keyMarker }, maxKeys: 5 };
      const page = versionsOf(await served.listVersions(options), modelled);
      expect(page).toEqual(versionsOf(await inMemory.listVersions(options)));
    },
  );

  test('rolls folders up, each as a row, and goes on behind them', async () => {
    const list = async (query: string): Promise<string> =>
      (await fetch(`${server.endpoint}/${BUCKET}?${query}`)).text();
    const first = await list('list-type=2&delimiter=/&prefix=data/&max-keys=90');
    expect(first.match(/<CommonPrefixes>/g)).toHaveLength(90);
    expect(first).toContain('<KeyCount>90</KeyCount>');
    const token = /<NextContinuationToken>(.*)<\/NextContinuationToken>/.exec(first)?.[1] ?? '';
    const second = await list(`list-type=2&delimiter=/&prefix=data/&continuation-token=${token}`);
    expect(second.match(/<Prefix>data\/\d+\/<\/Prefix>/g)).toEqual(
      [90, 91, 92, 93, 94, 95, 96].map((folder) => `<Prefix>data/${String(folder)}/</Prefix>`),
    );
    expect(second).toContain('<IsTruncated>false</IsTruncated>');
    const versions = await list('versions&delimiter=/&max-keys=1');
    expect(versions).toContain('<CommonPrefixes><Prefix>data/</Prefix></CommonPrefixes>');
    expect(versions).not.toContain('<Version>');
  });

  test('refuses all that does not list, and counts it', async () => {
    await server.take();
    const put = await fetch(`${server.endpoint}/${BUCKET}/a-key`, { method: 'PUT', body: 'a body' });
    const get = await fetch(`${server.endpoint}/${BUCKET}/data/00/object-0000000000.json`);
    const location = await fetch(`${server.endpoint}/${BUCKET}?location`);
    expect([put.status, get.status, location.status]).toEqual([501, 501, 200]);
    expect(await server.take()).toEqual({ other: 2, GetBucketLocation: 1 });
  });
});

describe('the benchmark of a bucket in which nothing has changed', () => {
  test('finds everything unchanged by listing alone, with exact counts', async () => {
    const removeBundles = await bundleWorkers();
    try {
      const servers = [(objects: number) => pagesServer(objects, 1), () => Promise.resolve(undefined)];
      const [result, ...others] = await unchangedBench({ sizes: [OBJECTS], servers, peers: false });
      expect(others).toEqual([]);
      expect(result).toMatchObject({ objects: OBJECTS, latencyMs: 1, program: 'product' });
      expect(result?.backup?.units).toEqual({ scan: 1, ranges: 1 });
      expect(result?.backup?.requests.source).toEqual({ ListObjectVersions: 3 });
      expect(result?.requests?.ListObjectVersions).toBe(3);
      // Those to vault and work files are a job's own, however many objects there are.
      expect(result?.dollars).toBeGreaterThan(3 * 5e-6);
    } finally {
      removeBundles();
    }
  });
});
