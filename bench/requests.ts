import { MemoryObjectStore, MemoryS3 } from '../lambda/adapters/memory';
import { estimateCost } from '../lambda/core/values/cost';
import type { Counts } from '../lambda/core/values/counts';
import { toIso } from '../lambda/core/values/instant';
import { NOW } from './support/disk-store';
import { BUCKET } from './support/generated-bucket';
import { benchPorts, runBackup, runRestore, SCRATCH_BUCKET } from './support/steps';

/** Requests to S3 of one kind of job, for each object and for each job. */
export interface RequestsResult {
  readonly job: string;
  readonly size: string;
  /** Of every bucket: the protected one or the destination, the vault, and that of the work files. */
  readonly perObject: Readonly<Counts>;
  /** What a job takes however few objects there are. */
  readonly perJob: Readonly<Counts>;
  readonly dollarsPerMillionObjects: number;
  readonly dollarsPerJob: number;
}

const KIB = 1024;
const MIB = KIB * KIB;
/** Sizes, and how many objects fit into memory. Those above 1 MiB are copied by S3: they are a thousandth (1/1,024) of their size, as are the limits. */
const SIZES = [
  { size: '1 KB', bytes: KIB, scale: 1, objects: 2_000 },
  { size: '10 KB', bytes: 10 * KIB, scale: 1, objects: 2_000 },
  { size: '100 KB', bytes: 100 * KIB, scale: 1, objects: 640 },
  { size: '1 MB', bytes: MIB, scale: 1, objects: 64 },
  { size: '10 MB', bytes: 10 * MIB, scale: KIB, objects: 500 },
  { size: '6 GB', bytes: 6 * KIB * MIB, scale: KIB, objects: 20 },
] as const;
type Size = (typeof SIZES)[number];
/** Pages of a listing of the smaller of two buckets: their rows count as so many of a page of 1,000. */
const PAGES = 4;
const CHANGED = [0, 0.001, 0.01, 0.1];

/** Each kind of job over a bucket and one twice as large: the difference is what an object takes, the rest is the job's own. */
export async function requestsBench(
  names: readonly string[] = SIZES.map(({ size }) => size),
): Promise<RequestsResult[]> {
  const results: RequestsResult[] = [];
  for (const size of SIZES.filter((one) => names.includes(one.size))) {
    const [one, two] = [await jobs(size, 1), await jobs(size, 2)];
    for (const [job, counts] of one) {
      const result = resultOf(job, size, counts, two.get(job) ?? {});
      console.log(line(result));
      results.push(result);
    }
  }
  return results;
}

/** All requests of each job over a bucket of so many times the objects. */
async function jobs({ bytes, scale, objects: base }: Size, times: number): Promise<ReadonlyMap<string, Counts>> {
  const objects = base * times;
  const s3 = new MemoryS3({ now: NOW - 86_400 });
  const pageSize = Math.ceil(base / PAGES);
  const stores = Array.from({ length: 4 }, () => new MemoryObjectStore(s3, { pageSize }));
  const [source, vault, scratch, destination] = stores as [MemoryObjectStore, ...MemoryObjectStore[]];
  if (!vault || !scratch || !destination) throw new Error('four stores');
  const ports = { ...benchPorts(source, vault, scratch, NOW, s3), destination };
  for (const name of ['the-vault', SCRATCH_BUCKET]) s3.createBucket(name);
  const body = Buffer.alloc(bytes / scale, 'a body ');
  const put = (n: number): void => {
    // A few bytes tell one from another: the same buffer for all would be one body.
    s3.put(
      BUCKET,
      `object-${String(n).padStart(8, '0')}`,
      Buffer.concat([Buffer.from(String(n).padStart(8)), body.subarray(8)]),
    );
  };
  for (let n = 0; n < objects; n++) put(n);
  const settings = { ...ports.settings, packThreshold: MIB / scale, copyPartSize: (256 * MIB) / scale };
  const all = { ...ports, settings };
  const counted = new Map<string, Counts>();
  const count = async (job: string, run: () => Promise<unknown>): Promise<void> => {
    s3.now += 3_600;
    for (const store of stores) store.calls.resetCounts();
    await run();
    const sums: Counts = {};
    for (const store of stores) {
      for (const [operation, made] of Object.entries(store.counts())) {
        // Pages of a listing of the protected bucket or the destination have fewer rows here than on S3.
        const share =
          operation !== 'ListParts' && operation.startsWith('List') && store !== vault && store !== scratch
            ? pageSize / 1_000
            : 1;
        sums[operation] = (sums[operation] ?? 0) + made * share;
      }
    }
    counted.set(job, sums);
  };
  const backUp = (name: string) =>
    runBackup(all, { bucket: BUCKET, source: 'listing' }, name, undefined, { now: s3.now });
  await count('first backup', () => backUp('first'));
  for (const share of CHANGED) {
    const changed = Math.round(objects * share);
    if (changed === 0 && share > 0) continue;
    for (let n = 0; n < changed; n++) put(Math.floor(n / share));
    await count(`incremental, ${String(share * 100)} % changed`, () => backUp(`changed-${String(share)}`));
  }
  const restore = { sourceBucket: BUCKET, createBucket: true };
  await count('dry run of a restore', () =>
    runRestore(all, { ...restore, destinationBucket: 'dry', dryRun: true }, 'dry', s3.now),
  );
  await count('restore to a new bucket', () =>
    runRestore(all, { ...restore, destinationBucket: 'restored' }, 'restored', s3.now),
  );
  await count('continuous backup, daily comparison', () =>
    runBackup(all, { bucket: BUCKET, deleteAfterDays: 35 }, 'upkeep', undefined, { workflow: 'upkeep', now: s3.now }),
  );
  const pointInTime = toIso(Math.floor(s3.now));
  await count('restore of a second to a new bucket', () =>
    runRestore(all, { ...restore, destinationBucket: 'second', pointInTime }, 'second', s3.now),
  );
  return counted;
}

function resultOf(job: string, { size, objects }: Size, one: Counts, two: Counts): RequestsResult {
  const perObject: Counts = {};
  const perJob: Counts = {};
  for (const operation of new Set([...Object.keys(one), ...Object.keys(two)])) {
    const [few, many] = [one[operation] ?? 0, two[operation] ?? 0];
    const each = (many - few) / objects;
    if (each !== 0) perObject[operation] = round(each);
    if (few - each * objects !== 0) perJob[operation] = round(few - each * objects);
  }
  return {
    job,
    size,
    perObject,
    perJob,
    dollarsPerMillionObjects: round(estimateCost(perObject) * 1e6),
    dollarsPerJob: estimateCost(perJob),
  };
}

const round = (value: number): number => Number(value.toFixed(5));

function line({ job, size, perObject, dollarsPerMillionObjects, dollarsPerJob }: RequestsResult): string {
  const each = Object.entries(perObject).map(([operation, times]) => `${String(times)} ${operation}`);
  return [
    `${size.padStart(6)}, ${job}: for each object ${each.join(', ') || 'nothing'};`,
    `US$ ${dollarsPerMillionObjects.toFixed(3)} per million, ${dollarsPerJob.toFixed(5)} per job`,
  ].join(' ');
}
