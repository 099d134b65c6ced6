import { createServer, type IncomingHttpHeaders, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pick, type Random } from './dice';
import { errorXml } from './fake-s3';

const FAULTS = [
  'never arrived',
  'refused with 500',
  'refused with 503',
  'answer lost',
  'done, answered with 500',
  'answer cut off',
  'answer empty',
  'error under status 200',
  'wrong header',
] as const;
export type Fault = (typeof FAULTS)[number];

/** Headers whose absence or value a client may be misled by. */
const HEADERS = [
  'etag',
  'x-amz-version-id',
  'last-modified',
  'date',
  'content-type',
  'content-length',
  'x-amz-checksum-sha256',
  'x-amz-checksum-crc64nvme',
  'x-amz-delete-marker',
  'x-amz-tagging-count',
  'x-amz-storage-class',
];

interface Forwarded {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP proxy in front of the local engine that breaks requests and answers at random, on loopback only. */
export class BrokenProxy {
  /** How many of the requests are broken. */
  share = 0;
  readonly broken = new Map<string, number>();
  private readonly server = createServer((incoming, outgoing) => {
    this.handle(incoming, outgoing).catch(() => outgoing.destroy());
  });

  constructor(
    private readonly target: string,
    private random: Random,
  ) {}

  /** Begins to break requests by other dice. */
  breakBy(random: Random, share: number): void {
    this.random = random;
    this.share = share;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = await bytesOf(incoming);
    const fault = this.random() < this.share ? pick(this.random, FAULTS) : undefined;
    if (fault) {
      const name = `${incoming.method ?? ''} ${fault}`;
      this.broken.set(name, (this.broken.get(name) ?? 0) + 1);
    }
    if (fault === 'never arrived') return void outgoing.destroy();
    if (fault === 'refused with 500') {
      refuse(outgoing, 500, 'InternalError');
      return;
    }
    if (fault === 'refused with 503') {
      refuse(outgoing, 503, 'SlowDown');
      return;
    }
    this.answer(incoming, outgoing, await this.forward(incoming, body), fault);
  }

  private answer(
    { method = '', headers: sent, url = '' }: IncomingMessage,
    outgoing: ServerResponse,
    { status, headers, body }: Forwarded,
    fault: Fault | undefined,
  ): void {
    const isLong = sent['x-amz-copy-source'] !== undefined || (method === 'POST' && url.includes('uploadId='));
    if (fault === 'answer lost') return void outgoing.destroy();
    if (fault === 'done, answered with 500') {
      refuse(outgoing, 500, 'InternalError');
      return;
    }
    if (fault === 'error under status 200' && isLong) {
      refuse(outgoing, 200, 'InternalError');
      return;
    }
    if (fault === 'answer empty' && method !== 'HEAD') {
      outgoing.writeHead(status, { ...headers, 'content-length': '0' }).end();
      return;
    }
    if (fault === 'answer cut off' && body.length > 1) {
      outgoing.writeHead(status, { ...headers, 'content-length': String(body.length) });
      outgoing.write(body.subarray(0, body.length >> 1), () => outgoing.destroy());
      return;
    }
    outgoing.writeHead(status, fault === 'wrong header' ? this.spoilt(headers) : headers).end(body);
  }

  /** One of the headers is missing, or has the value of another object. */
  private spoilt(headers: IncomingHttpHeaders): IncomingHttpHeaders {
    const name = pick(this.random, HEADERS);
    const { [name]: value, ...others } = headers;
    if (value === undefined || this.random() < 0.5 || name === 'content-length') return others;
    return { ...others, [name]: name.includes('version') ? 'other' : '"0123456789abcdef0123456789abcdef"' };
  }

  private async forward({ method, url, headers }: IncomingMessage, body: Buffer): Promise<Forwarded> {
    const answered = await new Promise<IncomingMessage>((resolve, reject) => {
      const { hostname, port } = new URL(this.target);
      request({ hostname, port, method, path: url, headers }, resolve).on('error', reject).end(body);
    });
    return { status: answered.statusCode ?? 502, headers: answered.headers, body: await bytesOf(answered) };
  }
}

function refuse(outgoing: ServerResponse, status: number, code: string): void {
  const body = errorXml(code);
  outgoing.writeHead(status, { 'content-type': 'application/xml', date: new Date().toUTCString() }).end(body);
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
