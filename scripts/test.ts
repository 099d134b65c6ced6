import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..');

/** A run of Jest: projects of jest.config.mjs, and how many files at the same time. */
interface Phase {
  readonly projects: readonly string[];
  readonly workers: string;
  readonly options?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One worker for each core: these tests only compute. */
const ALL_CORES = '100%';
/** Each file starts a local AWS engine of its own, which has workers too. */
const ENGINES = '2';

const fast: Phase = { projects: ['unit', 'scenarios', 'adapters', 'synth'], workers: ALL_CORES };
const engine: Phase = { projects: ['engine'], workers: ENGINES };

/** Files whose tests take their seeds from `test/support/seeds.ts`. */
const random = [
  'fuzz',
  'mixed-rounds',
  'merge-ranges',
  'gaps-model',
  'model',
  'nulls',
  'null-versions',
  'recovery-point-counts',
  'rollback',
];
const long = (): Phase => ({
  projects: ['scenarios'],
  workers: ALL_CORES,
  options: ['--testPathPatterns', `/(scenarios|usecases)/.*(${random.join('|')})\\.test\\.ts$`],
  env: { TEST_SEED: process.env['TEST_SEED'] ?? String(randomInt(1, 1_000_000)) },
});

const NAMES: Readonly<Record<string, () => readonly Phase[]>> = {
  all: () => [fast, engine],
  unit: () => [{ projects: ['unit'], workers: ALL_CORES }],
  scenarios: () => [{ projects: ['scenarios'], workers: ALL_CORES }],
  adapters: () => [{ projects: ['adapters'], workers: ALL_CORES }],
  synth: () => [{ projects: ['synth'], workers: ALL_CORES }],
  engine: () => [engine],
  // Tests of the architecture read all files: no import leads to them.
  changed: () => [
    { projects: ['unit'], workers: ALL_CORES, options: ['--testPathPatterns', 'test/architecture/'] },
    { ...fast, options: ['--onlyChanged'] },
  ],
  long: () => [long()],
};

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

/**
 * `npm test` and its parts, `npm run test:<part>`. What follows the name goes to Jest. The output ends with the totals of all
 * that has run, in a line of its own.
 */
function main(): void {
  const [given = 'all', ...rest] = process.argv.slice(2);
  const isName = Object.hasOwn(NAMES, given);
  const args = isName ? rest : process.argv.slice(2);
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-totals-'));
  try {
    const phases = NAMES[isName ? given : 'all']?.() ?? [];
    const totals = phases.map((phase) => run(phase, args, folder));
    const sum = (of: (one: Totals) => number): number => totals.reduce((total, one) => total + of(one), 0);
    const failed = sum((one) => one.failed);
    process.exitCode = failed > 0 ? 1 : 0;
    console.log(`${sum((one) => one.passed)} passed, ${failed} failed, ${sum((one) => one.skipped)} skipped`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

main();
