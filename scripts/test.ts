import { execFileSync, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { notRun, type Phase, PHASES } from './test-phases';

const root = join(__dirname, '..');

interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

function run({ projects, workers, options = [], env = {} }: Phase, args: readonly string[], folder: string): Totals {
  const file = join(mkdtempSync(join(folder, 'run-')), 'totals.json');
  if (env['TEST_SEED'] !== undefined)
    console.log(`seed ${env['TEST_SEED']}: TEST_SEED=${env['TEST_SEED']} repeats this run`);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const fixed = ['--selectProjects', ...projects, '--maxWorkers', workers, '--passWithNoTests', ...options];
  const { status } = spawnSync(process.execPath, [jest, ...fixed, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env, TEST_TOTALS: file },
  });
  try {
    const totals = JSON.parse(readFileSync(file, 'utf8')) as Totals;
    // Jest may fail for another reason than a test.
    return status === 0 || totals.failed > 0 ? totals : { ...totals, failed: totals.failed + 1 };
  } catch {
    return { passed: 0, failed: status === 0 ? 0 : 1, skipped: 0 };
  }
}

/** As `--onlyChanged` of Jest sees it: what differs from the last commit. */
function changed(): string[] {
  const lines = (...args: string[]): string[] =>
    execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  return [
    ...lines('diff', '--name-only', '--diff-filter=d', 'HEAD'),
    ...lines('ls-files', '--others', '--exclude-standard'),
  ];
}

/**
 * `npm test` and its parts, `npm run test:<part>`. What follows the name goes to Jest. The output ends with the totals of all
 * that has run, in a line of its own.
 */
function main(): void {
  const [given = 'all', ...rest] = process.argv.slice(2);
  const name = Object.hasOwn(PHASES, given) ? given : 'all';
  const args = name === given ? rest : process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-totals-'));
  try {
    const phases = PHASES[name]?.({ changed, seed: () => randomInt(1, 1_000_000) }) ?? [];
    const totals = phases.map((phase) => run(phase, args, folder));
    const sum = (of: (one: Totals) => number): number => totals.reduce((total, one) => total + of(one), 0);
    const failed = sum((one) => one.failed);
    process.exitCode = failed > 0 ? 1 : 0;
    const missing = notRun(name, phases);
    if (missing !== undefined) console.log(missing);
    console.log(`${sum((one) => one.passed)} passed, ${failed} failed, ${sum((one) => one.skipped)} skipped`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
