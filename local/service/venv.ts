import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot, stateRoot, venvFolder } from '../support/paths';
import { eventually } from './process-group';

const run = promisify(execFile);
const requirementsFile = join(repositoryRoot, 'local', 'engine', 'requirements.txt');
/** Written last: a virtual environment without it is half made. */
const markerFile = join(venvFolder, 'requirements.sha256');
const lockFolder = join(stateRoot, 'venv.lock');
/** A fresh install takes about ten seconds; this is for slow networks. */
const installLimitMs = 10 * 60_000;
const pythons = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const isRecent = 'import sys; sys.exit(sys.version_info < (3, 10))';

/** The Python of the engine's virtual environment, made on first use and again when the pins change. */
export async function enginePython(): Promise<string> {
  const python = join(venvFolder, 'bin', 'python');
  if (isReady()) return python;
  mkdirSync(stateRoot, { recursive: true });
  await lock();
  try {
    if (!isReady()) await install(python);
  } finally {
    rmSync(lockFolder, { recursive: true, force: true });
  }
  return python;
}

function pinsHash(): string {
  return createHash('sha256').update(readFileSync(requirementsFile)).digest('hex');
}

function isReady(): boolean {
  return existsSync(markerFile) && readFileSync(markerFile, 'utf8') === pinsHash();
}

async function install(python: string): Promise<void> {
  rmSync(venvFolder, { recursive: true, force: true });
  await run(await findPython(), ['-m', 'venv', venvFolder]);
  const pip = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--quiet', '-r', requirementsFile];
  await run(python, pip, { timeout: installLimitMs });
  writeFileSync(markerFile, pinsHash());
}

async function findPython(): Promise<string> {
  for (const name of pythons) {
    try {
      await run(name, ['-c', isRecent]);
      return name;
    } catch {
      // Not installed or too old: try the next name.
    }
  }
  throw new Error(`the local engine needs Python 3.10 or newer, tried ${pythons.join(', ')}`);
}

/** Two test files may start engines at once, but only one of them makes the environment. */
async function lock(): Promise<void> {
  const owner = join(lockFolder, 'pid');
  const taken = await eventually(() => {
    try {
      mkdirSync(lockFolder);
      writeFileSync(owner, String(process.pid));
      return true;
    } catch {
      if (existsSync(owner) && !isAlive(Number(readFileSync(owner, 'utf8')))) {
        rmSync(lockFolder, { recursive: true, force: true });
      }
      return false;
    }
  }, installLimitMs);
  if (!taken) throw new Error(`another process is installing the local engine; if none is, delete ${lockFolder}`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
