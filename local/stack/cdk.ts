import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { isolatedEnvironment, localAccount, localRegion, type Endpoint } from '../service/aws-env';
import { signalGroup } from '../service/process-group';
import { repositoryRoot } from '../support/paths';

const outputTailLines = 40;
/** Nothing that the CLI would ask of the outside: notices, its own version, usage statistics. */
const offline = ['--no-notices', '--no-version-reporting', '--ci', '--no-color'];
const silent = { CDK_DISABLE_VERSION_CHECK: '1', CDK_DISABLE_CLI_TELEMETRY: 'true' };
const cli = join(repositoryRoot, 'node_modules', 'aws-cdk', 'bin', 'cdk');

export interface CdkRun {
  readonly engine: Endpoint;
  readonly arguments: readonly string[];
  /** A custom resource whose answer is lost makes the CLI wait for ever: always limit it. */
  readonly limitMs: number;
  /** Folder for the CLI's own caches. */
  readonly home: string;
  /** Current directory of the CLI, where it looks for cdk.json. @default the root of this repository */
  readonly directory?: string;
  /** Gets each piece of output as it comes. @default output is shown on failure only */
  readonly onOutput?: (text: string) => void;
}

/** Runs the real CDK CLI against the engine; rejects with the end of its output when it fails or takes too long. */
export async function runCdk(run: CdkRun): Promise<void> {
  await runNode({ ...run, arguments: [cli, ...run.arguments, ...offline] });
}

export async function bootstrap(run: Omit<CdkRun, 'arguments'>): Promise<void> {
  // Away from cdk.json: the CLI would synthesize the app, and into the repository, only to ignore it.
  mkdirSync(run.home, { recursive: true });
  await runCdk({ ...run, directory: run.home, arguments: ['bootstrap', `aws://${localAccount}/${localRegion}`] });
}

async function runNode({ engine, arguments: args, limitMs, home, directory, onOutput }: CdkRun): Promise<void> {
  const child = spawn(node(), args, {
    cwd: directory ?? repositoryRoot,
    detached: true,
    env: { ...isolatedEnvironment(engine), ...silent, CDK_HOME: home, PATH: path() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      onOutput?.(text);
    });
  }
  const end = (): void => {
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGKILL');
  };
  const timedOut = new AbortController();
  const timer = setTimeout(() => {
    timedOut.abort();
    end();
  }, limitMs);
  // A group of its own gets no Ctrl-C: without this the CLI would go on asking an engine that has ended.
  process.once('exit', end);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    if (code === 0) return;
  } finally {
    clearTimeout(timer);
    process.off('exit', end);
  }
  const what = `cdk ${args[1] ?? ''} ${timedOut.signal.aborted ? `took longer than ${String(limitMs / 1000)} s` : 'failed'}`;
  throw new Error(`${what}, its output ends with:\n${output.trimEnd().split('\n').slice(-outputTailLines).join('\n')}`);
}

/** The Node that npm installed, also where the machine's is older. */
function node(): string {
  return join(repositoryRoot, 'node_modules', 'node', 'bin', 'node');
}

/** The app command in cdk.json finds the same Node and the installed tools. */
function path(): string {
  const modules = join(repositoryRoot, 'node_modules');
  return [join(modules, 'node', 'bin'), join(modules, '.bin'), process.env.PATH].join(delimiter);
}
