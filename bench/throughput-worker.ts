import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  type ListObjectVersionsCommandOutput,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3';
import { AwsObjectStore } from '../lambda/adapters/aws/s3/aws-object-store';
import { createS3Client } from '../lambda/adapters/aws/s3/wire/client';
import { MemoryS3 } from '../lambda/adapters/memory';
import { DEFAULT_SETTINGS } from '../lambda/usecases/context';
import { runInOrder } from '../lambda/usecases/work/pool';
import { clientConfig } from '../local/service/aws-env';
import { runMain } from '../local/support/run-main';
import { BUCKET } from './support/generated-bucket';
import { benchPorts, runBackup, runRestore, SCRATCH_BUCKET, type StepCost } from './support/steps';
import { RANGE_WORKERS, RESTORE, RESTORED_BUCKET, type Size, VAULT_BUCKET, type Work } from './support/throughput-work';

const LATER_SECONDS = 5;
const { concurrency } = DEFAULT_SETTINGS;

const keyOf = (n: number): string =>
  `data/${String(n % 97).padStart(2, '0')}/object-${String(n).padStart(8, '0')}.json`;

/** Makes the buckets, versioned, and the objects; each object has bytes of its own. */
async function fill(endpoint: string, { bytes, objects }: Size, buckets: readonly string[]): Promise<void> {
  const client = createS3Client({ ...clientConfig({ endpoint }) });
  const store = storeOn(endpoint);
  for (const Bucket of buckets) {
    await client.send(new CreateBucketCommand({ Bucket }));
    await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
  }
  const rest = Buffer.alloc(Math.max(bytes - 8, 0), 'a body ');
  await each(objects, async (n) => {
    const body = Buffer.concat([Buffer.from(String(n).padStart(8)), rest]);
    await store.put({ bucket: BUCKET, key: keyOf(n), body, headers: { 'content-type': 'application/json' } });
  });
  client.destroy();
  store.destroy();
}

/** GetObject of every version by the SDK and nothing else: with the client, the connections and the concurrency of the product. */
async function bareGets(endpoint: string, { objects }: Size): Promise<Work> {
  const client = createS3Client({ ...clientConfig({ endpoint }) });
  const found = new Map<string, { Key?: string; VersionId?: string }>();
  for (let marker: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}; marker;) {
    const page: ListObjectVersionsCommandOutput = await client.send(
      new ListObjectVersionsCommand({ Bucket: BUCKET, ...marker }),
    );
    // versitygw repeats the row that a page ended with.
    for (const { Key, VersionId } of page.Versions ?? [])
      found.set(`${Key ?? ''} ${VersionId ?? ''}`, { Key, VersionId });
    const { NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page;
    marker = page.IsTruncated === true ? { KeyMarker, VersionIdMarker } : undefined;
  }
  const versions = [...found.values()];
  if (versions.length !== objects) throw new Error(`${String(versions.length)} of ${String(objects)} versions`);
  const work = await measured('GetObject each', async () => {
    await runInOrder(
      versions,
      concurrency,
      () => true,
      async ({ Key, VersionId }) => {
        const command = new GetObjectCommand({ Bucket: BUCKET, Key, VersionId, ChecksumMode: 'ENABLED' });
        await (await client.send(command)).Body?.transformToByteArray();
      },
    );
    return { GetObject: objects };
  });
  client.destroy();
  return work;
}

/** A first backup, an incremental one in which nothing has changed, and a restore, by the product's own code and adapters. */
async function product(endpoint: string): Promise<Work[]> {
  const now = Math.ceil(Date.now() / 1_000) + LATER_SECONDS;
  const stores = Array.from({ length: 4 }, () => storeOn(endpoint));
  const [source, vault, scratch, destination] = stores as [
    AwsObjectStore,
    AwsObjectStore,
    AwsObjectStore,
    AwsObjectStore,
  ];
  const s3 = new MemoryS3({ account: '111111111111', now });
  for (const name of [VAULT_BUCKET, SCRATCH_BUCKET, RESTORED_BUCKET]) s3.createBucket(name);
  const ports = { ...benchPorts(source, vault, scratch, now, s3), destination };
  const counts = (): Record<string, number> => {
    const sums: Record<string, number> = {};
    for (const store of stores)
      for (const [name, count] of Object.entries(store.counts())) sums[name] = (sums[name] ?? 0) + count;
    return sums;
  };
  const works: Work[] = [];
  let before = counts();
  const add = (does: string, seconds: number, cpuSeconds: number): void => {
    const after = counts();
    const news = Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)] as const);
    works.push({ does, seconds, cpuSeconds, requests: Object.fromEntries(news.filter(([, count]) => count > 0)) });
    before = after;
  };
  const backUp = (name: string, second: number) =>
    runBackup(ports, { bucket: BUCKET, source: 'listing' }, name, undefined, { now: now + second });
  const first = await backUp('first', 0);
  const [seconds, cpuSeconds] = sumOf(first.steps.filter(({ step }) => step === 'ranges'));
  works.push({ does: RANGE_WORKERS, seconds, cpuSeconds, requests: {} });
  add('first backup, all steps', ...sumOf(first.steps));
  const next = await backUp('next', 60);
  add('incremental backup, nothing changed', ...sumOf(next.steps));
  if (next.output.stored !== 0) throw new Error('the incremental backup stored something');
  const started = performance.now();
  const restored = await runRestore(
    ports,
    { sourceBucket: BUCKET, destinationBucket: RESTORED_BUCKET },
    'restore',
    now + 120,
  );
  add(RESTORE, (performance.now() - started) / 1_000, restored.cpuSeconds);
  const statuses = [first.output.status, next.output.status, restored.output.status];
  if (statuses.some((status) => status !== 'COMPLETED')) throw new Error(`not all completed: ${statuses.join(', ')}`);
  for (const store of stores) store.destroy();
  return works;
}

const sumOf = (steps: readonly StepCost[]): [seconds: number, cpuSeconds: number] => [
  steps.reduce((sum, step) => sum + step.seconds, 0),
  steps.reduce((sum, step) => sum + step.cpuSeconds, 0),
];

const storeOn = (endpoint: string): AwsObjectStore => new AwsObjectStore({ client: clientConfig({ endpoint }) });

const each = (count: number, run: (n: number) => Promise<void>): Promise<unknown> =>
  runInOrder(
    Array.from({ length: count }, (_, n) => n),
    concurrency,
    () => true,
    run,
  );

async function measured(does: string, run: () => Promise<Record<string, number>>): Promise<Work> {
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const requests = await run();
  const { user, system } = process.cpuUsage(cpu);
  return { does, seconds: (performance.now() - started) / 1_000, cpuSeconds: (user + system) / 1e6, requests };
}

/** One kind of work in this process; prints what it took as a line of JSON. */
async function main(): Promise<void> {
  const [mode, endpoint = '', bytes, objects, ...buckets] = process.argv.slice(2);
  const size = { bytes: Number(bytes), objects: Number(objects) };
  if (mode === 'fill') await fill(endpoint, size, buckets);
  if (mode === 'sdk') console.log(JSON.stringify([await bareGets(endpoint, size)]));
  if (mode === 'product') console.log(JSON.stringify(await product(endpoint)));
}

runMain(main);
