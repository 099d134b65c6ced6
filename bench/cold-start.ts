import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { Env, NODE_OPTIONS } from '../lambda/contract/env';
import { isolatedEnvironment, localAccount } from '../local/service/aws-env';
import { bundleFunctions } from '../local/stack/bundle';
import { repositoryRoot } from '../local/support/paths';

/** What a function takes before its first request leaves it, without what Lambda does before (init of the sandbox, download). */
export interface ColdStartResult {
  readonly handler: string;
  readonly bundleKiB: number;
  /** About what Lambda downloads. */
  readonly compressedKiB: number;
  /** Reading and running the bundle. */
  readonly loadCpuMs: number;
  readonly loadMs: number;
  /** From the call of the handler to the start of its first request: clients, credentials, endpoint, signature. */
  readonly firstRequestCpuMs: number;
  readonly firstRequestMs: number;
  /** Memory until then. */
  readonly peakMiB: number;
  /** What the first request asks for. */
  readonly firstRequest: string;
}

interface Started {
  readonly load: Times;
  readonly first?: Times;
  readonly host?: string;
  readonly path?: string;
  readonly peakMiB: number;
}
interface Times {
  readonly ms: number;
  readonly cpuMs: number;
}

const RUNS = 5;
/** Nothing is sent to it. By TLS, as on AWS: the SDK loads other code for an endpoint without. */
const ENDPOINT = { endpoint: 'https://127.0.0.1:9' };
const assets = join(repositoryRoot, 'assets');
const machine = (name: string) => `arn:aws:states:us-east-1:${localAccount}:stateMachine:${name}`;

const execution = {
  arn: `${machine('backup').replace('stateMachine', 'execution')}:one`,
  name: 'one',
  startTime: '2026-09-22T00:00:00Z',
};
const job = {
  jobId: 'job',
  bucket: 'protected',
  asOf: 1_790_000_000,
  startedAt: 1_790_000_000,
  source: 'listing',
  destination: { bucket: 'restored' },
  sourceBucket: 'protected',
};
const change = {
  id: '1',
  version: '0',
  'detail-type': 'Object Created',
  time: '2026-09-22T00:00:00Z',
  account: localAccount,
  region: 'us-east-1',
  source: 'aws.s3',
  detail: {
    reason: 'PutObject',
    bucket: { name: 'protected' },
    object: { key: 'key', size: 1, etag: 'e'.repeat(32), 'version-id': 'v1', sequencer: '00' },
  },
};

/** Events that bring each handler as far as a request; all others are those of a worker. */
const EVENTS: Readonly<Record<string, unknown>> = {
  'start-jobs': {
    plan: 'Plan',
    rule: 'rule',
    scheduledTime: execution.startTime,
    startWindowMinutes: 60,
    completionWindowMinutes: 600,
    buckets: ['protected'],
    request: {},
  },
  'backup-prepare': { input: { bucket: 'protected' }, execution },
  'restore-plan': { input: { sourceBucket: 'protected', destinationBucket: 'restored' }, execution },
  'capture-changes': {
    Records: [{ messageId: '1', body: JSON.stringify(change), attributes: { ApproximateReceiveCount: '1' } }],
  },
  'job-ended': {
    detail: {
      executionArn: execution.arn,
      stateMachineArn: machine('backup'),
      name: 'one',
      status: 'TIMED_OUT',
      startDate: 0,
      input: '{"bucket":"protected"}',
    },
  },
};
const WORK = {
  job,
  unit: { id: '000000', from: '', to: 'z' },
  turn: 0,
  input: { bucket: 'protected' },
  execution,
  error: { Error: 'E', Cause: 'c' },
};

/** Each function, as it is deployed, in fresh processes; medians. */
export async function coldStartBench(names?: readonly string[], runs = RUNS): Promise<ColdStartResult[]> {
  await bundleFunctions();
  const results: ColdStartResult[] = [];
  for (const handler of names ?? readdirSync(assets).sort()) {
    const bundle = join(assets, handler, 'index.js');
    const code = readFileSync(bundle);
    const started = Array.from({ length: runs }, () => start(bundle, EVENTS[handler] ?? WORK));
    const [one] = started;
    const middle = (value: (one: Started) => number | undefined): number =>
      median(started.map((run) => value(run) ?? Number.NaN));
    const result = {
      handler,
      bundleKiB: Math.round(code.length / 1_024),
      compressedKiB: Math.round(compressed(code) / 1_024),
      loadCpuMs: middle(({ load }) => load.cpuMs),
      loadMs: middle(({ load }) => load.ms),
      firstRequestCpuMs: middle(({ first }) => first?.cpuMs),
      firstRequestMs: middle(({ first }) => first?.ms),
      peakMiB: middle((one) => one.peakMiB),
      firstRequest: `${one?.host ?? ''}${one?.path ?? 'none'}`,
    };
    console.log(
      `${handler}: ${String(result.bundleKiB)} KiB, loaded in ${String(result.loadMs)} ms (CPU ${String(result.loadCpuMs)}), first request ${result.firstRequest} after ${String(result.firstRequestMs)} ms more (CPU ${String(result.firstRequestCpuMs)}), ${String(result.peakMiB)} MiB`,
    );
    results.push(result);
  }
  return results;
}

function start(bundle: string, event: unknown): Started {
  const variables = Object.values(Env).map((name): [string, string] => [name, '']);
  const env: NodeJS.ProcessEnv = {
    ...isolatedEnvironment(ENDPOINT),
    ...Object.fromEntries(variables),
    [Env.vaultBucket]: 'the-vault',
    [Env.scratchBucket]: 'the-scratch',
    [Env.catalogTable]: 'catalog',
    [Env.changeLogTable]: 'changes',
    [Env.vaultName]: 'Vault',
    [Env.vaultArn]: 'arn:aws:s3:::the-vault',
    [Env.accountId]: localAccount,
    [Env.backupStateMachineArn]: machine('backup'),
    [Env.restoreStateMachineArn]: machine('restore'),
    [Env.upkeepStateMachineArn]: machine('upkeep'),
    [Env.captureQueueUrl]: `${ENDPOINT.endpoint}/queue`,
    AWS_LAMBDA_FUNCTION_NAME: 'function',
  };
  const script = join(import.meta.dirname, 'support', 'cold-start-child.mjs');
  const said = execFileSync(process.execPath, [NODE_OPTIONS, script, bundle, JSON.stringify(event)], {
    encoding: 'utf8',
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return JSON.parse(said.trim().split('\n').at(-1) ?? '') as Started;
}

const compressed = (code: Buffer): number =>
  brotliCompressSync(code, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }).length;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? Number.NaN);
}
