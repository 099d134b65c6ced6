import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { estimateCost } from '../lambda/core/values/cost';
import { type Counts, sumCounts } from '../lambda/core/values/counts';
import { DEFAULT_SETTINGS } from '../lambda/usecases/context';
import { BUCKET } from './support/generated-bucket';
import { peerName, type PeerTask, type ProgramCost, runPeer } from './support/peers';
import { startWorkers } from './support/start-worker';
import { UNCHANGED_TASKS } from './support/unchanged-peers';
import { type ComparedServer, filesServer, pagesServer } from './support/unchanged-servers';
import type { BackupCost, BucketRequests, Place } from './unchanged-worker';

/** What one program took to find that nothing has changed, or to list the bucket. */
export interface UnchangedResult {
  readonly server: string;
  /** Milliseconds that each answer takes at least: assumed. 0: as fast as the server is. */
  readonly latencyMs: number;
  readonly objects: number;
  /** `product`, or a peer with its version. */
  readonly program: string;
  readonly does: string;
  /** Absent when the program is not installed, like all that follows. From start to end. */
  readonly seconds?: number;
  /** Of all its processes, their start with it. */
  readonly cpuMsPerObject?: number;
  /** To all buckets. */
  readonly requests?: Readonly<Counts>;
  /** Of these requests. */
  readonly dollars?: number;
  /** Of the product: what its steps took, in how many units, and its requests by bucket. */
  readonly backup?: Pick<BackupCost, 'steps' | 'units'> & { readonly requests: BucketRequests };
}

export interface UnchangedOptions {
  readonly sizes?: readonly number[];
  /** @default the server of this benchmark, without and with a latency, and versitygw where it is installed */
  readonly servers?: readonly StartServer[];
  /** Whether peers run as well. @default true */
  readonly peers?: boolean;
}

type StartServer = (objects: number) => Promise<ComparedServer | undefined>;

const OBJECTS = 1_000_000;
/** Assumed for a page of S3's listings, and for the other requests. */
const LATENCY_MS = 100;
const SERVERS: readonly StartServer[] = [
  (objects) => pagesServer(objects, 0),
  (objects) => pagesServer(objects, LATENCY_MS),
  filesServer,
];

/** The product's next backup, and peers, over a bucket in which nothing has changed: of the same server, one after the other. */
export async function unchangedBench(options: UnchangedOptions = {}): Promise<UnchangedResult[]> {
  const { sizes = [OBJECTS], servers = SERVERS, peers = true } = options;
  const results: UnchangedResult[] = [];
  for (const objects of sizes) {
    for (const start of servers) {
      const server = await start(objects);
      if (!server) {
        console.log('versitygw is not installed: left out');
        continue;
      }
      try {
        const { name, latencyMs, objects: many } = server;
        const add = (cost: Cost): void => {
          const result = { server: name, latencyMs, objects: many, ...cost };
          console.log(line(result));
          results.push(result);
        };
        add(await productCost(server));
        for (const task of peers ? UNCHANGED_TASKS : []) add(await peerCost(task, server));
      } finally {
        await server.stop();
      }
    }
  }
  return results;
}

type Cost = Omit<UnchangedResult, 'server' | 'latencyMs' | 'objects'>;

/** The first backup is of the formula, in no measured time. The next one must find everything in it, by requests to the server alone. */
async function productCost(server: ComparedServer): Promise<Cost> {
  const { endpoint, latencyMs, objects, vaultEndpoint } = server;
  const folder = mkdtempSync(join(tmpdir(), 'unchanged-'));
  try {
    const place: Place = { objects, endpoint, vaultEndpoint, folder, latencyMs };
    await backUp('first', { ...place, latencyMs: 0 });
    const started = performance.now();
    const backup = await backUp('next', place);
    const seconds = (performance.now() - started) / 1_000;
    const { status, versions, stored, reused, steps, units, requests } = backup;
    const repeated = server.repeatsRows ? (requests.source['ListObjectVersions'] ?? 0) : 0;
    const isWhole = versions >= objects && versions <= objects + repeated;
    if (status !== 'COMPLETED' || !isWhole || stored !== 0 || reused !== versions)
      throw new Error(`${status}: ${String(versions)} versions, ${String(stored)} stored, ${String(reused)} reused`);
    return {
      program: 'product',
      does: 'incremental backup, nothing changed',
      ...figures({ seconds, cpuSeconds: backup.cpuSeconds }, sumCounts(Object.values(requests)), objects),
      backup: { steps, units, requests },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function backUp(mode: 'first' | 'next', place: Place): Promise<BackupCost> {
  const [said = ''] = await startWorkers('unchanged-worker.ts', [mode, JSON.stringify(place)], ['']);
  return JSON.parse(said) as BackupCost;
}

/** A peer that asked for anything but listings has copied, or looked at objects one by one: it did not do what is compared. */
async function peerCost(task: PeerTask, server: ComparedServer): Promise<Cost> {
  const { program, does } = task;
  const name = peerName(program);
  if (name === undefined) return { program, does: `${does}: absent` };
  const { concurrency } = DEFAULT_SETTINGS;
  const work = { endpoint: server.endpoint, source: BUCKET, target: server.copy, folder: '', concurrency, asS3: true };
  let cost: ProgramCost | undefined;
  const requests = await server.requestsOf(async (endpoint) => {
    // Where requests go through a proxy that counts them, that takes time: the time is that of a run without it.
    if (endpoint !== server.endpoint) cost = await runPeer(task, work);
    const counted = await runPeer(task, { ...work, endpoint });
    cost ??= counted;
  });
  const odd = Object.keys(requests).filter((operation) => !LISTING.includes(operation));
  if (odd.length > 0 || !cost) throw new Error(`${program}, ${does}: made requests of ${odd.join(', ')}`);
  return { program: name, does, ...figures(cost, requests, server.objects) };
}

/** What a program may ask for that only lists: beside pages, whether the bucket is there and in which Region. */
const LISTING = ['ListObjectsV2', 'ListObjectVersions', 'HeadBucket', 'GetBucketLocation'];

const figures = ({ seconds, cpuSeconds }: ProgramCost, requests: Readonly<Counts>, objects: number) => ({
  seconds: round(seconds, 2),
  cpuMsPerObject: round((cpuSeconds * 1_000) / objects, 4),
  requests,
  dollars: round(estimateCost(requests), 6),
});

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

function line(result: UnchangedResult): string {
  const { server, latencyMs, objects, program, does, seconds, cpuMsPerObject, requests, dollars } = result;
  const what = `${server}, ${String(latencyMs)} ms, ${String(objects)} objects, ${program}: ${does}`;
  if (seconds === undefined) return what;
  const made = Object.entries(requests ?? {}).map(([name, count]) => `${String(count)} ${name}`);
  return `${what}: ${String(seconds)} s, ${String(cpuMsPerObject)} ms CPU each, US$ ${String(dollars)}: ${made.join(', ')}`;
}
