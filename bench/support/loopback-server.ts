import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An HTTP server of a benchmark, on a port of its own on loopback. */
export interface LoopbackServer {
  readonly endpoint: string;
  /** Closes all connections, too. */
  stop(): Promise<void>;
}

export async function loopbackServer(answer: RequestListener): Promise<LoopbackServer> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Counts requests by what they are. */
export class RequestCounter {
  private counts: Record<string, number> = {};
  add(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1;
  }

  /** Those since the last call. */
  take(): Record<string, number> {
    const taken = this.counts;
    this.counts = {};
    return taken;
  }
}
