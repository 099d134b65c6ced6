import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NODE_OPTIONS } from '../lambda/contract/env';
import { DEFAULT_SETTINGS } from '../lambda/usecases/context';
import { countingProxy } from './support/counting-proxy';
import { endsWithBench } from './support/ends-with-bench';
import { BUCKET } from './support/generated-bucket';
import { COMPARE_TASKS, COPY_TASKS, peerName, type PeerTask, type PeerWork, runPeer, targetsOf } from './support/peers';
import { engineServer, type S3Server, versityServer } from './support/s3-servers';
import { SCRATCH_BUCKET } from './support/steps';
import { RESTORED_BUCKET, type Size, VAULT_BUCKET, type Work } from './support/throughput-work';

/** One kind of work of one program over one bucket on one server. */
export interface ThroughputResult {
  readonly server: string;
  readonly bytes: number;
  readonly objects: number;
  /** `product`, `AWS SDK`, or a peer with its version. */
  readonly program: string;
  readonly does: string;
  /** Absent when the program is not installed, like all that follows. */
  readonly cpuMsPerObject?: number;
  readonly objectsPerSecond?: number;
  /** CPU time in that of a bare GetObject by the SDK in the same run. */
  readonly bareGets?: number;
  /** For all objects together. */
  readonly requests?: Readonly<Record<string, number>>;
}

export interface ThroughputOptions {
  readonly sizes?: readonly Size[];
  /** @default the local engine, and versitygw where it is installed */
  readonly servers?: readonly (() => Promise<S3Server | undefined>)[];
  /** Whether peers run as well. @default true */
  readonly peers?: boolean;
}

export const PRODUCT = 'product';

const KIB = 1_024;
const SIZES: readonly Size[] = [
  { bytes: KIB, objects: 5_000 },
  { bytes: 100 * KIB, objects: 300 },
];
const { concurrency } = DEFAULT_SETTINGS;

/** Sizes for `--objects`: so many of 1 KB. */
export const smallObjects = (counts: readonly number[] | undefined): readonly Size[] | undefined =>
  counts?.map((objects) => ({ bytes: KIB, objects }));

/** The product, the bare SDK and peers over the same objects of the same server, one after the other. */
export async function throughputBench(options: ThroughputOptions = {}): Promise<ThroughputResult[]> {
  const { sizes = SIZES, servers = [engineServer, versityServer], peers = true } = options;
  const results: ThroughputResult[] = [];
  for (const start of servers) {
    for (const size of sizes) {
      const server = await start();
      if (!server) {
        console.log('versitygw is not installed: left out');
        continue;
      }
      try {
        results.push(...(await overOneBucket(server, size, peers)));
      } finally {
        await server.stop();
      }
    }
  }
  return results;
}

async function overOneBucket(server: S3Server, size: Size, peers: boolean): Promise<ThroughputResult[]> {
  const { endpoint } = server;
  const target = 'copied';
  const folder = mkdtempSync(join(tmpdir(), 'throughput-'));
  const work: PeerWork = { endpoint, source: BUCKET, target, folder, concurrency };
  const results: ThroughputResult[] = [];
  let bareCpu = 0;
  const add = (program: string, one?: Omit<Work, 'requests'> & Partial<Work>, does = one?.does ?? ''): void => {
    const figures = one && {
      cpuMsPerObject: round((one.cpuSeconds * 1_000) / size.objects),
      objectsPerSecond: Math.round(size.objects / one.seconds),
      bareGets: round(one.cpuSeconds / (bareCpu || one.cpuSeconds)),
      requests: one.requests,
    };
    const result = { server: server.name, ...size, program, does, ...figures };
    console.log(line(result));
    results.push(result);
  };
  try {
    const targets = peers ? targetsOf(work) : [];
    await worker('fill', endpoint, size, BUCKET, VAULT_BUCKET, SCRATCH_BUCKET, RESTORED_BUCKET, ...targets);
    const [bare] = await worker('sdk', endpoint, size);
    bareCpu = bare?.cpuSeconds ?? 0;
    add('AWS SDK', bare);
    for (const one of await worker('product', endpoint, size)) add(PRODUCT, one);
    for (const task of peers ? [...COPY_TASKS, ...COMPARE_TASKS] : []) {
      const name = peerName(task.program);
      if (name === undefined) add(task.program, undefined, `${task.does}: absent`);
      else add(name, { does: task.does, ...(await peerCost(task, work)) });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

/** Comparisons run twice: the second time through a proxy that counts their requests, and takes time. */
async function peerCost(task: PeerTask, work: PeerWork): Promise<Pick<Work, 'seconds' | 'cpuSeconds'> & Partial<Work>> {
  const cost = await runPeer(task, work);
  if (!COMPARE_TASKS.includes(task)) return cost;
  const proxy = await countingProxy(work.endpoint);
  try {
    await runPeer(task, { ...work, endpoint: proxy.endpoint });
    return { ...cost, requests: proxy.take() };
  } finally {
    await proxy.stop();
  }
}

/** Runs one kind of work in a process of its own, with Node's options of the functions. */
function worker(mode: string, endpoint: string, { bytes, objects }: Size, ...more: string[]): Promise<Work[]> {
  const script = join(import.meta.dirname, 'throughput-worker.ts');
  const extra = (process.env.BENCH_NODE_OPTIONS ?? '').split(' ').filter(Boolean);
  const options = [
    NODE_OPTIONS,
    ...extra,
    '--import',
    'tsx',
    script,
    mode,
    endpoint,
    String(bytes),
    String(objects),
    ...more,
  ];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, options, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    endsWithBench(child);
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(said === '' ? [] : (JSON.parse(said) as Work[]));
      else reject(new Error(`the worker for ${mode} ended with ${String(code)}`));
    });
  });
}

const round = (value: number): number => Number(value.toFixed(3));

function line({ server, bytes, objects, program, does, ...figures }: ThroughputResult): string {
  const { cpuMsPerObject, objectsPerSecond, bareGets, requests } = figures;
  const what = `${server}, ${String(objects)} × ${String(bytes)} bytes, ${program}: ${does}`;
  if (cpuMsPerObject === undefined) return what;
  const made = Object.entries(requests ?? {}).map(([name, count]) => `${String(count)} ${name}`);
  return `${what}: ${String(cpuMsPerObject)} ms CPU each, ${String(bareGets)} plain GETs, ${String(objectsPerSecond)}/s; ${made.join(', ')}`;
}
