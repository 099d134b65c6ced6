import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsObjectStore } from '../lambda/adapters/aws/s3/aws-object-store';
import { type Counts, sumCounts } from '../lambda/core/values/counts';
import type { CountingStore } from '../lambda/ports/object-store';
import { clientConfig } from '../local/service/aws-env';
import { runMain } from '../local/support/run-main';
import { DiskStore, NOW } from './support/disk-store';
import { BUCKET, GeneratedSource } from './support/generated-bucket';
import { listingServer, type ListingServerOptions } from './support/listing-server';
import { startWorkers } from './support/start-worker';
import { benchPorts, runBackup, runWorker, type StepCost, type WorkerCost, type WorkerInput } from './support/steps';

/** Where the buckets of a comparison are. */
export interface Place {
  readonly objects: number;
  /** Server of the protected bucket. */
  readonly endpoint: string;
  /** Server of the vault and of the work files; absent: both are in files of `folder`. */
  readonly vaultEndpoint?: string;
  readonly folder: string;
  /** Milliseconds that each request to vault and work files takes where they are files, at least. */
  readonly latencyMs: number;
}

/** What a backup took. */
export interface BackupCost {
  readonly status: string;
  readonly versions: number;
  readonly stored: number;
  readonly reused: number;
  readonly steps: readonly StepCost[];
  /** CPU time of all processes, their start with it. */
  readonly cpuSeconds: number;
  /** Units of the listing and of the comparison, each of which has a process of its own. */
  readonly units: Readonly<Record<WorkerInput['step'], number>>;
  /** To the protected bucket, to the vault, and to the work files. */
  readonly requests: BucketRequests;
}

export interface BucketRequests {
  readonly source: Readonly<Counts>;
  readonly vault: Readonly<Counts>;
  readonly scratch: Readonly<Counts>;
}

/** What the process of a unit prints. */
interface Worked {
  readonly cost: WorkerCost;
  readonly requests: BucketRequests;
}

const LATER = 60;

/**
 * The first backup, over the formula; the next one, over a server; a unit of it; or the server. All but the last print what they took as a
 * line of JSON.
 */
async function main(): Promise<void> {
  const [mode = '', text = '{}'] = process.argv.slice(2);
  if (mode === 'serve') return serve(JSON.parse(text) as ListingServerOptions);
  const place = JSON.parse(text) as Place;
  const source = mode === 'first' ? new GeneratedSource(place) : storeOn(place.endpoint);
  const vault = storeOf(place, 'vault');
  const scratch = storeOf(place, 'scratch');
  const ports = benchPorts(source, vault, scratch);
  const requests = (): BucketRequests => ({
    source: source.counts(),
    vault: vault.counts(),
    scratch: scratch.counts(),
  });
  if (mode === 'unit') {
    const cost = await runWorker(ports, JSON.parse(readFileSync(0, 'utf8')) as WorkerInput);
    const worked: Worked = { cost: { ...cost, cpuSeconds: cpuSecondsSinceStart() }, requests: requests() };
    console.log(JSON.stringify(worked));
  } else {
    const input = { bucket: BUCKET, source: 'listing' };
    const all: Worked[] = [];
    const units = { scan: 0, ranges: 0 };
    const workers = async (work: WorkerInput): Promise<WorkerCost> => {
      units[work.step] = work.units.length;
      const inputs = work.units.map((unit) => JSON.stringify({ ...work, units: [unit] }));
      const texts = await startWorkers('unchanged-worker.ts', ['unit', text], inputs);
      const worked = texts.map((said) => JSON.parse(said) as Worked);
      all.push(...worked);
      return sumOf(worked.map(({ cost }) => cost));
    };
    const { output, steps } =
      mode === 'first'
        ? await runBackup(ports, input, 'first')
        : await runBackup(ports, input, 'next', workers, { now: NOW + LATER });
    const { status, versions, stored, reused } = output;
    const cpuSeconds = cpuSecondsSinceStart() + all.reduce((sum, { cost }) => sum + cost.cpuSeconds, 0);
    const made = [requests(), ...all.map((worked) => worked.requests)];
    const backup: BackupCost = {
      status,
      versions,
      stored,
      reused,
      steps,
      cpuSeconds,
      units,
      requests: {
        source: sumCounts(made.map((one) => one.source)),
        vault: sumCounts(made.map((one) => one.vault)),
        scratch: sumCounts(made.map((one) => one.scratch)),
      },
    };
    console.log(JSON.stringify(backup));
  }
  for (const store of [source, vault, scratch]) if (store instanceof AwsObjectStore) store.destroy();
}

/** Serves until the parent hangs up, and tells it the requests whenever it asks. */
async function serve(options: ListingServerOptions): Promise<void> {
  const server = await listingServer(options);
  process.on('message', () => process.send?.({ requests: server.take() }));
  process.on('disconnect', () => void server.stop());
  process.send?.({ endpoint: server.endpoint });
}

const storeOn = (endpoint: string): AwsObjectStore => new AwsObjectStore({ client: clientConfig({ endpoint }) });

const storeOf = ({ vaultEndpoint, folder, latencyMs }: Place, name: string): CountingStore =>
  vaultEndpoint !== undefined
    ? storeOn(vaultEndpoint)
    : latencyMs > 0
      ? new DistantDiskStore(join(folder, name), latencyMs)
      : new DiskStore(join(folder, name));

/** Files that take as long to answer as the server of the protected bucket. */
class DistantDiskStore extends DiskStore {
  constructor(
    folder: string,
    private readonly latencyMs: number,
  ) {
    super(folder);
  }

  override async put(...options: Parameters<DiskStore['put']>): ReturnType<DiskStore['put']> {
    await sleep(this.latencyMs);
    return super.put(...options);
  }

  override async get(...options: Parameters<DiskStore['get']>): ReturnType<DiskStore['get']> {
    await sleep(this.latencyMs);
    return super.get(...options);
  }

  override async head(...options: Parameters<DiskStore['head']>): ReturnType<DiskStore['head']> {
    await sleep(this.latencyMs);
    return super.head(...options);
  }

  override async listObjects(...options: Parameters<DiskStore['listObjects']>): ReturnType<DiskStore['listObjects']> {
    await sleep(this.latencyMs);
    return super.listObjects(...options);
  }
}

function cpuSecondsSinceStart(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const sumOf = (costs: readonly WorkerCost[]): WorkerCost => ({
  cpuSeconds: costs.reduce((sum, cost) => sum + cost.cpuSeconds, 0),
  turns: costs.reduce((sum, cost) => sum + cost.turns, 0),
  peakMiB: Math.max(...costs.map((cost) => cost.peakMiB)),
});

runMain(main);
