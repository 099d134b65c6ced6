import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { startEngine } from '../../local/service/engine';
import { freePort } from '../../local/service/ports';
import { eventually } from '../../local/service/process-group';
import { stateRoot } from '../../local/support/paths';
import { endsWithBench } from './ends-with-bench';

/** Programs of the benchmarks that npm does not install: docs/reference/performance.md says how to get them. */
const toolFolder = join(stateRoot, 'bin');
const START_LIMIT_MS = 10 * 60_000;
const ACCESS_KEY = 'test';

/** An S3 server on loopback. It takes the access key that the local engine takes (local/service/aws-env.ts). */
export interface S3Server {
  readonly name: string;
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** Path of a program: of `.local/bin`, else of the PATH. Undefined when it is in neither. */
export const findTool = (name: string): string | undefined =>
  [toolFolder, ...(process.env.PATH ?? '').split(delimiter)].map((folder) => join(folder, name)).find(existsSync);

/** The engine: what the tests run against. It is written in Python, and slow. */
export async function engineServer(): Promise<S3Server> {
  const engine = await startEngine();
  return { name: 'local engine', endpoint: engine.endpoint, stop: () => engine.stop() };
}

/** A server whose buckets are folders, and their objects files. */
export interface FileServer extends S3Server {
  /** Folder of the buckets. */
  readonly root: string;
}

/** versitygw over files, with versioning; undefined when it is not installed. */
export async function versityServer(): Promise<FileServer | undefined> {
  const program = findTool('versitygw');
  if (program === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'versitygw-'));
  const port = await freePort();
  const [root, versions] = [join(folder, 'root'), join(folder, 'versions')];
  for (const path of [root, versions]) mkdirSync(path);
  const address = `127.0.0.1:${String(port)}`;
  const options = [
    '--access',
    ACCESS_KEY,
    '--secret',
    ACCESS_KEY,
    '--region',
    'us-east-1',
    '--port',
    address,
    '--keep-alive',
    '--quiet',
  ];
  const server = spawn(program, [...options, 'posix', '--versioning-dir', versions, root], {
    stdio: 'ignore',
    detached: true,
  });
  endsWithBench(server);
  const stop = async (): Promise<void> => {
    await end(server);
    rmSync(folder, { recursive: true, force: true });
  };
  const endpoint = `http://${address}`;
  if (!(await eventually(() => answers(endpoint), START_LIMIT_MS))) {
    await stop();
    throw new Error('versitygw did not start');
  }
  return { name: `versitygw ${versionOf(program)}`, endpoint, root, stop };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

const answers = (endpoint: string): Promise<boolean> =>
  fetch(endpoint).then(
    () => true,
    () => false,
  );

/** Version of a program: that of its Go module, else the first number with dots that it says. */
export function versionOf(program: string): string {
  const questions = [
    { asked: 'go', options: ['version', '-m', program], answer: /^\tmod\t\S+\tv(\d[^\s+]*)/m },
    { asked: program, options: ['--version'], answer: /(\d+(?:\.\d+)+)/ },
    { asked: program, options: ['version'], answer: /(\d+(?:\.\d+)+)/ },
  ];
  for (const { asked, options, answer } of questions) {
    const { stdout } = spawnSync(asked, options, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    const found = answer.exec(stdout)?.[1];
    if (found !== undefined) return found;
  }
  return 'of unknown version';
}
