import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

export const portVariable = 'S3_BACKUP_LOCAL_PORT';
const defaultPort = 4566;
const loopback = '127.0.0.1';

/** The port of the background engine. */
export function configuredPort(): number {
  const text = process.env[portVariable] ?? String(defaultPort);
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535) {
    throw new Error(`${portVariable} must be a port between 1 and 65535, got "${text}"`);
  }
  return port;
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, loopback);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, loopback);
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
