import { CreateBucketCommand, PutBucketVersioningCommand } from '@aws-sdk/client-s3';
import { once } from 'node:events';
import { join } from 'node:path';
import { createS3Client } from '../../lambda/adapters/aws/s3/wire/client';
import type { Counts } from '../../lambda/core/values/counts';
import { clientConfig } from '../../local/service/aws-env';
import { countingProxy } from './counting-proxy';
import { BUCKET } from './generated-bucket';
import type { ListingServerOptions, Requests } from './listing-server';
import { versityServer } from './s3-servers';
import { startServer } from './start-worker';
import { SCRATCH_BUCKET } from './steps';
import { VAULT_BUCKET } from './throughput-work';
import { layFiles } from './versity-files';

/** A server with a generated bucket, for a comparison in which nothing has changed. */
export interface ComparedServer {
  readonly name: string;
  readonly endpoint: string;
  /** Milliseconds that each answer takes at least; 0: as fast as the server is. */
  readonly latencyMs: number;
  /** Bucket that peers compare the generated one with: it has the same objects. */
  readonly copy: string;
  /** Objects of the generated bucket. */
  readonly objects: number;
  /** Whether a page of versions begins with the row that the one before ended with: the product then counts it twice. */
  readonly repeatsRows: boolean;
  /** Where vault and work files go, if not into files. */
  readonly vaultEndpoint?: string;
  /** The requests that some work makes, given the endpoint to use. */
  requestsOf(work: (endpoint: string) => Promise<unknown>): Promise<Readonly<Counts>>;
  stop(): Promise<void>;
}

const COPY = 'its-copy';

/** The server that writes pages as S3 does, in a process of its own. */
export async function pagesServer(objects: number, latencyMs: number): Promise<ComparedServer> {
  const options: ListingServerOptions = { objects, latencyMs, buckets: [BUCKET, COPY] };
  const process = startServer('unchanged-worker.ts', ['serve', JSON.stringify(options)]);
  const [{ endpoint }] = (await once(process, 'message')) as [{ endpoint: string }];
  const take = async (): Promise<Requests> => {
    process.send('take');
    const [{ requests }] = (await once(process, 'message')) as [{ requests: Requests }];
    return requests;
  };
  return {
    name: 'pages as S3 writes them',
    endpoint,
    objects,
    latencyMs,
    copy: COPY,
    repeatsRows: false,
    requestsOf: async (work) => {
      await take();
      await work(endpoint);
      return take();
    },
    stop: async () => {
      const ended = once(process, 'exit');
      process.disconnect();
      await ended;
    },
  };
}

/** What the proxy calls a request: peers list by ListObjectsV2, and ask for nothing of a bucket but its Region. */
const OPERATIONS: Readonly<Partial<Record<string, string>>> = {
  LIST: 'ListObjectsV2',
  'GET of a bucket': 'GetBucketLocation',
};

/** A page of versions takes versitygw 2 µs for each object before it: at a million nearly two seconds, all pages together a quarter of an hour. */
const MOST_FILES = 200_000;

/**
 * versitygw over so many files, at most 200,000, that are laid for it; vault and work files are in buckets of it. Undefined when it is not
 * installed.
 */
export async function filesServer(most: number): Promise<ComparedServer | undefined> {
  const objects = Math.min(most, MOST_FILES);
  const server = await versityServer();
  if (!server) return undefined;
  const { name, endpoint } = server;
  const stop = (): Promise<void> => server.stop();
  try {
    const client = createS3Client(clientConfig({ endpoint }));
    for (const Bucket of [BUCKET, VAULT_BUCKET, SCRATCH_BUCKET]) {
      await client.send(new CreateBucketCommand({ Bucket }));
      await client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } }));
    }
    client.destroy();
    await layFiles(join(server.root, BUCKET), { objects });
  } catch (error) {
    await stop();
    throw error;
  }
  const requestsOf = async (work: (endpoint: string) => Promise<unknown>): Promise<Counts> => {
    const proxy = await countingProxy(endpoint);
    try {
      await work(proxy.endpoint);
      return Object.fromEntries(Object.entries(proxy.take()).map(([kind, count]) => [OPERATIONS[kind] ?? kind, count]));
    } finally {
      await proxy.stop();
    }
  };
  const facts = { name, objects, latencyMs: 0, copy: BUCKET, repeatsRows: true };
  return { ...facts, endpoint, vaultEndpoint: endpoint, requestsOf, stop };
}
