import { MemoryObjectStore, MemoryS3 } from '../lambda/adapters/memory';
import { PackBuilder } from '../lambda/core/history/files/pack';
import type { Row } from '../lambda/core/history/row';
import { LANES } from '../lambda/usecases/backup/sources/listing-units';
import { DEFAULT_SETTINGS } from '../lambda/usecases/context';
import { ONE_VCPU_MIB } from '../lib/private/runtime-function';
import { perMillion, type Price } from '../local/support/prices';
import { type Figures, readFigures } from './fan-out/figures';
import { STATES_OF_JOB } from './fan-out/job';
import { STATES_PER_TURN } from './fan-out/map';
import { NOW } from './support/disk-store';
import { BUCKET } from './support/generated-bucket';
import { benchPorts, runBackup, SCRATCH_BUCKET } from './support/steps';

const KIB = 1_024;
const MIB = KIB * KIB;

const dollars = (price: Price, times: number): number => (perMillion[price] * times) / 1e6;
const round = (value: number, places = 3): number => Number(value.toFixed(places));
/** US$ for a second of a worker. */
const workerSecond = (memoryMiB = ONE_VCPU_MIB, price: Price = 'Lambda GB-second, arm64'): number =>
  dollars(price, memoryMiB / KIB);

/** Packs of several sizes: requests, CPU and memory of the product's own packing, for a million objects of 10 KB. */
function packSizes() {
  const body = Buffer.alloc(10 * KIB, 'a body ');
  return [8, 16, 32, 64, 128].map((packMiB) => {
    const pack = new PackBuilder();
    const cpu = process.cpuUsage();
    for (let n = 0; pack.bytes < packMiB * MIB; n++) pack.add(rowOf(n, body.byteLength), body);
    const objects = Math.floor(pack.bytes / body.byteLength);
    const { bytes } = pack.finish();
    const { user, system } = process.cpuUsage(cpu);
    return {
      packMiB,
      objects,
      putDollarsPerMillion: round(dollars('S3 PUT', 1e6 / objects)),
      cpuMicrosPerObject: round((user + system) / objects, 1),
      // Bodies and the pack that is made of them are in memory together.
      memoryMiB: round((2 * bytes.byteLength) / MIB, 0),
    };
  });
}

const rowOf = (n: number, size: number): Row => ({
  key: `data/object-${String(n).padStart(10, '0')}.json`,
  versionId: String(n).padStart(32, 'v'),
  kind: 'put',
  lastModified: NOW,
  size,
  etag: String(n).padStart(32, '0'),
  source: 'listing',
});

/** Price of an object that is packed, or copied by S3, in US$ per million, with Lambda: backup and restore. */
function thresholds(figures: Figures) {
  return [64 * KIB, 256 * KIB, MIB, 2 * MIB, 4 * MIB, 8 * MIB].map((bytes) => {
    const through = Math.max(figures.storeCpu, figures.getLatency / 32, (2 * bytes) / figures.network);
    const copy = (figures.getLatency + figures.copyLatency + bytes / figures.copySpeed) / 32;
    const lambda = (seconds: number): number => seconds * workerSecond() * 1e6;
    const packs = bytes / (32 * MIB);
    return {
      bytes,
      packed: {
        backup: round(dollars('S3 GET', 1e6) + dollars('S3 PUT', packs * 1e6) + lambda(through)),
        restore: round(dollars('S3 PUT', 1e6) + dollars('S3 GET', (bytes / (8 * MIB)) * 1e6) + lambda(through)),
        objectsPerSecond: round(1 / through, 0),
      },
      copied: {
        backup: round(dollars('S3 GET', 1e6) + dollars('S3 PUT', 1e6) + lambda(copy)),
        restore: round(dollars('S3 GET', 1e6) + dollars('S3 PUT', 1e6) + lambda(copy)),
        objectsPerSecond: round(1 / copy, 0),
      },
    };
  });
}

/** A million small objects by workers of several sizes: a share of a vCPU each 1,769 MB, one thread of JavaScript at most. */
function memories(figures: Figures) {
  return [512, 1_024, ONE_VCPU_MIB, 3_008].flatMap((memoryMiB) => {
    const share = Math.min(1, memoryMiB / ONE_VCPU_MIB);
    const each = Math.max(figures.storeCpu / share, figures.getLatency / 32);
    return (['arm64', 'x86_64'] as const).map((architecture) => ({
      memoryMiB,
      architecture,
      objectsPerSecond: round(1 / each, 0),
      lambdaDollarsPerMillion: round(each * 1e6 * workerSecond(memoryMiB, `Lambda GB-second, ${architecture}`)),
    }));
  });
}

/** What it takes to learn what a bucket has, for a million versions. */
function sources(figures: Figures) {
  // Of a bucket that has a last commit: so many parts of a unit are listed at the same time.
  const listing = (1_000 / LANES) * figures.listLatency + 1e6 * figures.scanRowCpu;
  const inventory = 1e6 * figures.reportRowCpu;
  return {
    listing: {
      requests: dollars('S3 PUT', 1_000),
      lambda: round(listing * workerSecond(), 4),
      seconds: round(listing, 0),
    },
    inventory: {
      report: perMillion['S3 Inventory object'],
      lambda: round(inventory * workerSecond(), 4),
      seconds: round(inventory, 0),
    },
  };
}

/** A child of a map whose turn takes so long: Standard bills its three states, Express its start and its time, at 64 MB. */
function children() {
  return [10, 60, 71, 120, 250, 780].map((seconds) => ({
    seconds,
    standard: round(dollars('state transition', STATES_PER_TURN + 1), 6),
    express: round(dollars('Express request', 1) + dollars('Express GB-second', seconds / 16), 6),
    fitsExpress: seconds <= 300,
  }));
}

/** Jobs over small buckets by the product's own steps: what a job costs now, and with all steps in one Lambda. */
async function smallJobs() {
  const jobs = [];
  for (const objects of [0, 100, 1_000])
    for (const round_ of ['first', 'next'] as const) jobs.push(await smallJob(objects, round_));
  return jobs;
}

async function smallJob(objects: number, round_: 'first' | 'next') {
  const s3 = new MemoryS3({ now: NOW - 86_400 });
  const [source, vault, scratch] = [0, 1, 2].map(() => new MemoryObjectStore(s3)) as [
    MemoryObjectStore,
    MemoryObjectStore,
    MemoryObjectStore,
  ];
  const ports = benchPorts(source, vault, scratch, NOW, s3);
  for (const name of ['the-vault', SCRATCH_BUCKET]) s3.createBucket(name);
  for (let n = 0; n < objects; n++) s3.put(BUCKET, `object-${String(n)}`, `body ${String(n)}`);
  const back = (name: string) =>
    runBackup(ports, { bucket: BUCKET, source: 'listing' }, name, undefined, { now: s3.now });
  s3.now += 3_600;
  if (round_ === 'next') await back('before');
  for (const store of [source, vault, scratch]) store.calls.resetCounts();
  s3.now += 3_600;
  const { steps } = await back('measured');
  const counts = (store: MemoryObjectStore): number =>
    Object.values(store.counts()).reduce((sum, made) => sum + made, 0);
  const [own, work] = [counts(source) + counts(vault), counts(scratch)];
  const writes = (store: MemoryObjectStore): number => store.counts().PutObject ?? 0;
  // No map, as there is one unit of each kind: it is worked on in place.
  const states = STATES_OF_JOB - 2 + 2 * STATES_PER_TURN;
  // A tenth of a second for each call that is warm, with its requests one after the other; bodies are read 32 at a time.
  const read = round_ === 'first' ? objects : 0;
  const seconds = (requests: number, calls: number): number => 0.1 * calls + 0.03 * (requests - read + read / 32);
  const price = (requests: number, put: number, calls: number, transitions: number): number =>
    dollars('S3 GET', requests - put) +
    dollars('S3 PUT', put) +
    dollars('Lambda request', calls) +
    seconds(requests, calls) * workerSecond() +
    dollars('state transition', transitions);
  const put = writes(source) + writes(vault);
  return {
    objects,
    round: round_,
    calls: steps.reduce((sum, { turns }) => sum + turns, 0),
    states,
    requests: { bucketAndVault: own, workFiles: work },
    now: {
      dollars: round(price(own + work, put + writes(scratch), 5, states), 6),
      seconds: round(seconds(own + work, 5), 1),
    },
    // Due, one call, and how it ended: no work files, as nothing is handed on.
    oneLambda: { dollars: round(price(own, put, 1, 3), 6), seconds: round(seconds(own, 1), 1) },
  };
}

/** Figures of the decisions on pack size, pack threshold, Lambda, sources, children of maps and a fast path. */
export async function choicesBench() {
  const figures = readFigures();
  const results = {
    packSizes: packSizes(),
    thresholds: thresholds(figures),
    memories: memories(figures),
    sources: sources(figures),
    children: children(),
    smallJobs: await smallJobs(),
    settings: { packThreshold: DEFAULT_SETTINGS.packThreshold, rangeWeight: DEFAULT_SETTINGS.rangeWeight },
  };
  for (const [name, found] of Object.entries(results)) {
    console.log(`${name}:`);
    for (const row of Array.isArray(found) ? found : [found]) console.log(`  ${JSON.stringify(row)}`);
  }
  return results;
}
