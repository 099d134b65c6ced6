import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import type { StoreErrorCode } from '../../lambda/ports/object-store';
import { errorXml } from '../support/fake-s3';

const body = Buffer.from('every byte of it '.repeat(5_000));
const checksum = createHash('sha256').update(body).digest('base64');
const ref = { bucket: 'photos', key: 'key', versionId: 'v1' };
const DATED = { 'last-modified': 'Sat, 04 Jul 2026 10:00:00 GMT' };
const headers = { ...DATED, etag: '"e"', 'x-amz-version-id': 'v1', 'x-amz-checksum-sha256': checksum };

type Fault = (answer: ServerResponse) => void;
const whole: Fault = (answer) => answer.writeHead(200, { ...headers, 'content-length': body.length }).end(body);
const error =
  (status: number, code: string): Fault =>
  (answer) =>
    answer.writeHead(status, DATED).end(errorXml(code));
const cut: Fault = (answer) => {
  answer.writeHead(200, { ...headers, 'content-length': body.length });
  answer.write(body.subarray(0, 30_000), () => answer.destroy());
};
/** What a server can do to one attempt, all of which another attempt mends. */
const passing: Record<string, Fault> = {
  'resets the connection at once': (answer) => answer.destroy(),
  'resets the connection within the headers': (answer) => answer.socket?.end('HTTP/1.1 200 OK\r\nEtag: "e'),
  'cuts the body': cut,
  'sends less than announced and closes': (answer) => {
    answer.writeHead(200, { ...headers, connection: 'close', 'content-length': body.length });
    answer.end(body.subarray(1));
    answer.socket?.end();
  },
  'sends other bytes': (answer) =>
    answer.writeHead(200, { ...headers, 'content-length': body.length }).end(Buffer.alloc(body.length, 'x')),
  'sends a body in chunks that ends early': (answer) => {
    answer.writeHead(200, headers);
    answer.write(body.subarray(0, 10), () => answer.destroy());
  },
  'is busy': error(503, 'SlowDown'),
  'is busy and says nothing': (answer) => answer.writeHead(503, DATED).end(),
  'is broken': error(500, 'InternalError'),
  'is behind a gateway that is broken': (answer) => answer.writeHead(502, DATED).end('<html>Bad gateway</html>'),
  'cuts an error': (answer) => {
    answer.writeHead(500, { ...DATED, 'content-length': 1_000 });
    answer.write('<Error>', () => answer.destroy());
  },
  'lets a request time out': error(400, 'RequestTimeout'),
};
const noHttp: Fault = (answer) => answer.socket?.end('SSH-2.0-OpenSSH_9.6\r\n\r\n');
const lasting: [string, Fault, StoreErrorCode][] = [
  ['has no such version', error(404, 'NoSuchVersion'), 'not-found'],
  ['denies', error(403, 'AccessDenied'), 'access-denied'],
  ['has it archived', error(403, 'InvalidObjectState'), 'archived'],
  ['has no key for it', error(400, 'KMS.DisabledException'), 'access-denied'],
  ['speaks no HTTP', noHttp, 'unavailable'],
  ['cuts every body', cut, 'unavailable'],
];

describe('a server that', () => {
  let server: Server;
  let store: AwsObjectStore;
  /** What is done to the next requests of a path, in order; then they are answered. */
  let faults: Record<string, Fault[]> = {};
  let requests = 0;
  /** Bodies of the writes that were answered. */
  let written: Buffer[] = [];

  beforeAll(async () => {
    const listen: RequestListener = (request, answer) => {
      requests++;
      const fault = faults[request.url?.split('?')[0] ?? '']?.shift();
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        if (request.method !== 'PUT' || fault) {
          (fault ?? whole)(answer);
          return;
        }
        written.push(Buffer.concat(pieces));
        answer.writeHead(200, { etag: '"e"', 'x-amz-version-id': `v${written.length}`, 'content-length': 0 }).end();
      });
    };
    server = createServer(listen).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' };
    store = new AwsObjectStore({ client: { endpoint, forcePathStyle: true, region: 'us-east-1', credentials } });
    await store.get(ref);
    await store.put({ ...ref, body });
  });

  afterAll(async () => {
    store.destroy();
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  });

  beforeEach(() => {
    faults = {};
    requests = 0;
    written = [];
  });

  const counted = async (run: () => Promise<unknown>): Promise<number> => {
    const before = store.counts().GetObject ?? 0;
    await run();
    return (store.counts().GetObject ?? 0) - before;
  };

  test.each(Object.entries(passing))('%s once harms nothing', async (_, fault) => {
    faults = { '/photos/key': [fault] };
    const made = await counted(async () => {
      const got = await store.get(ref);
      expect(Buffer.from(got.body).equals(body)).toBe(true);
      expect(got).toMatchObject({ versionId: 'v1', etag: 'e', size: body.length });
    });
    expect([requests, made]).toEqual([2, 2]);
  });

  test('does all of it to many readers at a time', async () => {
    const all = Object.values(passing);
    const readers = Array.from({ length: 40 }, (_, n) => `reader-${n}`);
    faults = Object.fromEntries(readers.map((key, n) => [`/photos/${key}`, all[n] ? [all[n]] : []]));
    const made = await counted(async () => {
      const bodies = await Promise.all(readers.map((key) => store.get({ ...ref, key })));
      for (const got of bodies) expect(Buffer.from(got.body).equals(body)).toBe(true);
    });
    expect(made).toBe(requests);
    expect(requests).toBe(readers.length + all.length);
  });

  test('fails once in any of these ways gets a write whole', async () => {
    const names = ['resets the connection at once', 'is busy', 'is broken', 'cuts an error', 'lets a request time out'];
    for (const [n, name] of names.entries()) {
      faults = { '/photos/key': passing[name] ? [passing[name]] : [] };
      const { versionId } = await store.put({ bucket: 'photos', key: 'key', body });
      expect(versionId).toBe(`v${n + 1}`);
    }
    expect(written.every((one) => one.equals(body))).toBe(true);
    expect([written.length, requests]).toEqual([names.length, 2 * names.length]);
  });

  test('announces less than it sends gives no body of another length', async () => {
    const short: Fault = (answer) => {
      answer.socket?.write(
        `HTTP/1.1 200 OK\r\nDate: ${new Date().toUTCString()}\r\nETag: "e"\r\nContent-Length: 5\r\nX-Amz-Checksum-Sha256: ${checksum}\r\n\r\n`,
      );
      answer.socket?.end(body.subarray(0, 10));
    };
    faults = { '/photos/key': [short, short, short] };
    await expect(store.get(ref)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test.each(lasting)('%s is believed', async (_, fault, code) => {
    faults = { '/photos/key': [fault, fault, fault] };
    const made = await counted(() => expect(store.get(ref)).rejects.toMatchObject({ code }));
    expect(made).toBe(requests);
    expect(requests).toBe(fault === cut ? 3 : 1);
  });
});
