import { once } from 'node:events';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Passes requests on to a server on loopback and counts them by what they ask for. */
export interface CountingProxy {
  readonly endpoint: string;
  /** Requests since the last call, as `GET`, `HEAD`, `LIST` and so on. */
  take(): Record<string, number>;
  stop(): Promise<void>;
}

/** Starts a proxy. Headers and bodies pass as they are: signatures name the proxy as the host, and the server believes the header. */
export async function countingProxy(endpoint: string): Promise<CountingProxy> {
  const { hostname: host, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  let counts: Record<string, number> = {};
  const server = createServer((incoming, outgoing) => {
    const kind = kindOf(incoming.method ?? '', incoming.url ?? '');
    counts[kind] = (counts[kind] ?? 0) + 1;
    const { method, url: path, rawHeaders } = incoming;
    const passed = request({ host, port, method, path, headers: rawHeaders, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    take: () => {
      const taken = counts;
      counts = {};
      return taken;
    },
    stop: async () => {
      agent.destroy();
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** A GET of a bucket lists, but for those of its settings. */
function kindOf(method: string, url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://proxy');
  const isBucket = !/^\/[^/]+\/./.test(pathname);
  if (method !== 'GET' || !isBucket) return method;
  const lists = ['list-type', 'versions', 'prefix', 'marker', 'max-keys', 'delimiter'].some((name) =>
    searchParams.has(name),
  );
  return lists ? 'LIST' : 'GET of a bucket';
}
