import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { engineFolder, repositoryRoot, stateRoot } from '../support/paths';
import type { Endpoint } from './aws-env';
import { freePort, isFree, portVariable } from './ports';
import { endGroup, eventually, signalGroup } from './process-group';
import { enginePython } from './venv';

const startLimitMs = 10 * 60_000;
const portLimitMs = 10 * 60_000;
const logTailLines = 20;
const logName = 'engine.log';
const pidName = 'engine.pid';
const logLifetimeMs = 3_600_000;

/** A running local AWS engine. */
export interface Engine extends Endpoint {
  readonly port: number;
  /** Leader of the process group that holds the engine and its Lambda workers. */
  readonly pid: number;
  readonly logFile: string;
  /** Ends the engine and its workers and waits until the port is free. State is gone afterwards. */
  stop(): Promise<void>;
}

export interface EngineOptions {
  /** Port to listen on. @default a free one */
  readonly port?: number;
  /** Whether the engine goes on when this process ends. @default false */
  readonly background?: boolean;
  /** Further settings of the engine, such as SFN_WAIT_SCALE. @default none */
  readonly settings?: Record<string, string>;
}

/** Starts an engine and waits until it answers. Engines on different ports share no state. */
export async function startEngine(options: EngineOptions = {}): Promise<Engine> {
  const python = await enginePython();
  const port = options.port ?? (await freePort());
  if (!(await isFree(port))) {
    throw new Error(`port ${String(port)} is taken by another program: stop it or set ${portVariable} to another port`);
  }
  forgetOldLogs();
  const folder = engineFolder(port);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'tmp'), { recursive: true });

  const engine = handle(port, launch(python, port, options));
  writeFileSync(pidFile(port), String(engine.pid));
  if (!(await eventually(() => answersOrEnded(engine), startLimitMs)) || !signalGroup(engine.pid, 0)) {
    await engine.stop();
    throw new Error(`the local engine did not start, its log ends with:\n${tail(engine.logFile)}`);
  }
  return engine;
}

/** The engine that an earlier process started on this port and left running. */
export async function runningEngine(port: number): Promise<Engine | undefined> {
  if (!existsSync(pidFile(port))) return undefined;
  const engine = handle(port, Number(readFileSync(pidFile(port), 'utf8')));
  // The pid may be somebody else's by now: only one that answers as an engine is ours to stop.
  return signalGroup(engine.pid, 0) && (await answers(engine)) ? engine : undefined;
}

function handle(port: number, pid: number): Engine {
  return {
    port,
    pid,
    endpoint: `http://127.0.0.1:${String(port)}`,
    logFile: join(engineFolder(port), logName),
    stop: async () => {
      await endGroup(pid);
      forget(port);
      if (!(await eventually(() => isFree(port), portLimitMs))) throw new Error(`port ${String(port)} is still taken`);
    },
  };
}

/** Removes all of an ended engine's state but its log. */
function forget(port: number): void {
  const folder = engineFolder(port);
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (name !== logName) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Logs of engines that ended a while ago: each test file leaves one. */
function forgetOldLogs(): void {
  for (const name of readdirSync(stateRoot).filter((entry) => entry.startsWith('engine-'))) {
    const folder = join(stateRoot, name);
    const old = Date.now() - statSync(folder).mtimeMs > logLifetimeMs;
    if (old && !existsSync(join(folder, pidName))) rmSync(folder, { recursive: true, force: true });
  }
}

function launch(python: string, port: number, options: EngineOptions): number {
  const log = openSync(join(engineFolder(port), logName), 'a');
  const child = spawn(python, ['-B', '-m', 'engine'], {
    cwd: join(repositoryRoot, 'local'),
    detached: true,
    env: environment(python, port, options),
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  child.on('error', () => undefined);
  if (child.pid === undefined) throw new Error(`cannot run ${python}`);
  return child.pid;
}

/** Only what the engine needs: its Lambda workers inherit all of it. */
function environment(python: string, port: number, options: EngineOptions): NodeJS.ProcessEnv {
  const temporary = join(engineFolder(port), 'tmp');
  const node = join(repositoryRoot, 'node_modules', 'node', 'bin');
  return {
    // Lambda workers run the Node that npm installed, and the Python of the virtual environment.
    PATH: [node, dirname(python), process.env.PATH].join(delimiter),
    NODE_PATH: lambdaRuntimeModules(port),
    HOME: temporary,
    TMPDIR: temporary,
    LANG: 'C.UTF-8',
    GATEWAY_PORT: String(port),
    BIND_HOST: '127.0.0.1',
    S3_DATA_DIR: join(temporary, 's3'),
    STATE_DIR: join(temporary, 'state'),
    // IAM is enforced for every Lambda role.
    AUTH: 'true',
    ...(options.background === true ? {} : { LOCAL_ENGINE_PARENT_PID: String(process.pid) }),
    ...options.settings,
  };
}

/** AWS's Node runtimes bring the AWS SDK along, and the CDK's own functions rely on it. */
function lambdaRuntimeModules(port: number): string {
  const modules = join(engineFolder(port), 'runtime', 'node_modules');
  mkdirSync(modules, { recursive: true });
  for (const scope of ['@aws-sdk', '@smithy']) {
    symlinkSync(join(repositoryRoot, 'node_modules', scope), join(modules, scope), 'dir');
  }
  return modules;
}

async function answersOrEnded(engine: Engine): Promise<boolean> {
  return !signalGroup(engine.pid, 0) || (await answers(engine));
}

async function answers({ endpoint }: Endpoint): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/_ministack/ready`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}

function pidFile(port: number): string {
  return join(engineFolder(port), pidName);
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-logTailLines).join('\n');
}
