import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { NOW } from './disk-store';
import { objectsPage, versionsPage } from './listing-pages';
import { loopbackServer, type LoopbackServer, RequestCounter } from './loopback-server';

export interface ListingServerOptions {
  readonly objects: number;
  /** Names of buckets: each has the same objects. */
  readonly buckets: readonly string[];
  /** Milliseconds from a request to its answer, at least: the making of the answer is among them. @default 0 */
  readonly latencyMs?: number;
}

/** Requests by what they are: S3's names of the operations, `other` for what this server does not have. */
export type Requests = Readonly<Record<string, number>>;

/** An S3 server on loopback that only lists, buckets whose content is a formula: page by page what S3 would answer. */
export interface ListingServer extends LoopbackServer {
  /** Requests since the last call. */
  take(): Requests | Promise<Requests>;
}

/** S3's time there: that of the generated buckets. */
const DATE = new Date(NOW * 1_000).toUTCString();

/** Starts the server in this process. */
export async function listingServer(options: ListingServerOptions): Promise<ListingServer> {
  const { latencyMs = 0 } = options;
  const counter = new RequestCounter();
  const server = await loopbackServer((request, response) => {
    const started = performance.now();
    const answer = answerTo(options, request);
    counter.add(answer.operation);
    request.resume();
    const rest = latencyMs - (performance.now() - started);
    if (rest <= 0) send(response, answer);
    else void sleep(rest).then(() => send(response, answer));
  });
  return { ...server, take: () => counter.take() };
}

interface Answer {
  readonly operation: string;
  readonly status: number;
  readonly text: string;
}

function answerTo({ objects, buckets }: ListingServerOptions, { method = '', url = '' }: IncomingMessage): Answer {
  const { pathname, searchParams: query } = new URL(url, 'http://server');
  const [, name = '', key] = /^\/([^/]*)(?:\/(.+))?/.exec(pathname) ?? [];
  if (!buckets.includes(name)) return refusal(404, 'NoSuchBucket');
  const bucket = { name, objects };
  if (key === undefined && method === 'HEAD') return { operation: 'HeadBucket', status: 200, text: '' };
  if (key === undefined && method === 'GET') {
    if (query.has('location')) return success('GetBucketLocation', '<LocationConstraint/>');
    if (query.has('versions')) return success('ListObjectVersions', versionsPage(bucket, query));
    if (query.get('list-type') === '2') return success('ListObjectsV2', objectsPage(bucket, query));
  }
  // A write most of all: nothing is copied where nothing has changed.
  return refusal(501, 'NotImplemented');
}

const success = (operation: string, text: string): Answer => ({ operation, status: 200, text });
const refusal = (status: number, code: string): Answer => ({
  operation: 'other',
  status,
  text: `<Error><Code>${code}</Code><Message>This server only lists.</Message></Error>`,
});

function send(response: ServerResponse, { status, text }: Answer): void {
  const body = Buffer.from(text);
  response.writeHead(status, {
    'content-type': 'application/xml',
    'content-length': body.length,
    date: DATE,
    'x-amz-bucket-region': 'us-east-1',
  });
  response.end(body);
}
