import { Agent, request } from 'node:http';
import { loopbackServer, type LoopbackServer, RequestCounter } from './loopback-server';

/** Passes requests on to a server on loopback and counts them by what they ask for. */
export interface CountingProxy extends LoopbackServer {
  /** Requests since the last call, as `GET`, `HEAD`, `LIST` and so on. */
  take(): Record<string, number>;
}

/** Starts a proxy. Headers and bodies pass as they are: signatures name the proxy as the host, and the server believes the header. */
export async function countingProxy(endpoint: string): Promise<CountingProxy> {
  const { hostname: host, port } = new URL(endpoint);
  const agent = new Agent({ keepAlive: true });
  const counter = new RequestCounter();
  const server = await loopbackServer((incoming, outgoing) => {
    counter.add(kindOf(incoming.method ?? '', incoming.url ?? ''));
    const { method, url: path, rawHeaders } = incoming;
    const passed = request({ host, port, method, path, headers: rawHeaders, agent }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  return {
    endpoint: server.endpoint,
    take: () => counter.take(),
    stop: async () => {
      agent.destroy();
      await server.stop();
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
