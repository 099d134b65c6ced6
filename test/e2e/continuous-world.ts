import { setTimeout as sleep } from 'node:timers/promises';
import { processIo } from '../../bin/output/io';
import { runCli } from '../../bin/program';
import { awsClients } from '../../bin/vault/aws-clients';
import { clientConfig } from '../../local/service/aws-env';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const limitMs = 10 * 60_000;
const seconds = (iso: string): number => Date.parse(iso) / 1000;

/** The second that has begun. */
export const isoSecond = (millis = Date.now()): string =>
  new Date(Math.floor(millis / 1000) * 1000).toISOString().replace('.000', '');

/** An object, as the command line lists it. */
export interface ListedObject {
  readonly key: string;
  readonly versionId: string;
  readonly exact: boolean;
  readonly doubts: readonly string[];
}

/** Commits until all that happened up to an instant is in the vault. */
export async function captured({ small }: E2eWorld, instant: string): Promise<void> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const { asOf } = await small.upkeeps.succeed({ bucket: Bucket.small, action: 'commit-changes' });
    if (seconds(asOf) >= seconds(instant)) return;
    if (Date.now() > deadline) throw new Error(`captured through ${asOf} only, not ${instant}`);
    await sleep(2_000);
  }
}

/** Objects or versions that the command line lists. */
export async function listed(
  { engine, small }: E2eWorld,
  command: 'ls' | 'versions',
  ...args: string[]
): Promise<readonly ListedObject[]> {
  const pieces: string[] = [];
  const write = (piece: string | Uint8Array): Promise<void> => Promise.resolve(void pieces.push(String(piece)));
  const io = { ...processIo(), write, err: () => undefined };
  const line = ['--vault', small.names.vault, '--json', command, Bucket.small, ...args];
  expect(await runCli(line, io, awsClients(clientConfig(engine)))).toBe(0);
  return JSON.parse(pieces.join('')) as ListedObject[];
}
