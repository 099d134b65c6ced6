import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const module_ = join(__dirname, '..', '..', 'bench', 'support', 'ends-with-bench.ts');
/** A benchmark that has a child with a child of its own, and a file, and works until it is interrupted. */
const script = `
  const { spawn } = require('node:child_process');
  const { mkdtempSync } = require('node:fs');
  const { tmpdir } = require('node:os');
  const { cleanEnd, endsWithBench } = require(${JSON.stringify(module_)});
  cleanEnd();
  const child = spawn('sh', ['-c', 'sleep 600 & wait'], { stdio: ['ignore', 'inherit', 'ignore'], detached: true });
  endsWithBench(child);
  console.log(mkdtempSync(tmpdir() + '/work-'));
  setInterval(() => undefined, 1_000);
`;
let temporary: string;

beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), 'ends-with-bench-'));
});
afterEach(() => {
  rmSync(temporary, { recursive: true, force: true });
});

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('a benchmark that is ended by %s leaves no process and no file', async (signal, code) => {
  const bench = spawn(process.execPath, ['--import', 'tsx', '-e', script], {
    env: { ...process.env, TMPDIR: temporary },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  // Closed once no process has its output any more.
  const ended = once(bench, 'close');
  const [said] = (await once(bench.stdout, 'data')) as [Buffer];
  const folder = said.toString().trim();
  expect(folder.startsWith(temporary) && existsSync(folder)).toBe(true);
  bench.kill(signal);
  expect(await ended).toEqual([code, null]);
  expect(existsSync(folder)).toBe(false);
});
