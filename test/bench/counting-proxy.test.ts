import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { countingProxy } from '../../bench/support/counting-proxy';

describe('the proxy that counts requests of peers', () => {
  let server: Server;
  beforeAll(async () => {
    server = createServer((request, answer) => {
      answer.writeHead(200, { 'x-host': request.headers.host });
      request.pipe(answer);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('passes all on as it is and tells listings from reads', async () => {
    const proxy = await countingProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    try {
      const put = await fetch(`${proxy.endpoint}/bucket/key`, { method: 'PUT', body: 'a body' });
      expect([await put.text(), put.headers.get('x-host')]).toEqual(['a body', new URL(proxy.endpoint).host]);
      for (const path of [
        '/bucket/key',
        '/bucket/a/b?list-type=2',
        '/bucket?list-type=2',
        '/bucket/?versions',
        '/bucket?location',
        '/',
      ])
        await (await fetch(proxy.endpoint + path)).text();
      expect(proxy.take()).toEqual({ PUT: 1, GET: 2, LIST: 2, 'GET of a bucket': 2 });
      expect(proxy.take()).toEqual({});
    } finally {
      await proxy.stop();
    }
  });
});
