import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(__dirname, '..');

/** A run of Jest: projects of jest.config.mjs, and how many files at the same time. */
export interface Phase {
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
const seeded = (): string[] =>
  readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => /from '[./]+\/support\/seeds'/.test(readFileSync(path, 'utf8')))
    .map((path) => relative(root, path))
    .sort();

/** All of them from one seed, those on the engine after the others. */
function long(seed: number): readonly Phase[] {
  const env = { TEST_SEED: process.env['TEST_SEED'] ?? String(seed) };
  const onEngine = (path: string): boolean => path.endsWith('/engine.test.ts');
  const paths = (wanted: boolean): string[] => seeded().filter((path) => onEngine(path) === wanted);
  return [
    { ...fast, options: ['--runTestsByPath', ...paths(false)], env },
    { ...engine, options: ['--runTestsByPath', ...paths(true)], env },
  ];
}

/** The local engine itself, and what is tested on it. Tests of the product on the engine take too long for each commit. */
const isOfEngine = (path: string): boolean => /^(local|test\/(local|e2e))\/|\/engine\.test\.ts$/.test(path);

/** Engine tests that changed files touch: imports lead to them, but not from the modules in Python. */
function engineOf(changed: readonly string[]): Phase[] {
  const own = changed.filter((path) => isOfEngine(path) && !path.endsWith('.md'));
  const sources = own.filter((path) => path.endsWith('.ts'));
  if (sources.length < own.length) return [{ ...engine, options: ['--testPathPatterns', 'test/(local|contracts)/'] }];
  return own.length > 0 ? [{ ...engine, options: ['--findRelatedTests', ...sources] }] : [];
}

/** What a run needs that is not always the same. */
export interface Given {
  /** Paths of files that differ from the last commit. */
  readonly changed: () => readonly string[];
  readonly seed: () => number;
}

/** The names of `npm run test:<name>`; `all` is `npm test`. */
export const PHASES: Readonly<Record<string, (given: Given) => readonly Phase[]>> = {
  all: () => [fast, engine],
  unit: () => [{ projects: ['unit'], workers: ALL_CORES }],
  scenarios: () => [{ projects: ['scenarios'], workers: ALL_CORES }],
  adapters: () => [{ projects: ['adapters'], workers: ALL_CORES }],
  synth: () => [{ projects: ['synth'], workers: ALL_CORES }],
  engine: () => [engine],
  // Tests of the architecture read all files: no import leads to them.
  changed: ({ changed }) => [
    { projects: ['unit'], workers: ALL_CORES, options: ['--testPathPatterns', 'test/architecture/'] },
    { ...fast, options: ['--onlyChanged'] },
    ...engineOf(changed()),
  ],
  long: ({ seed }) => long(seed()),
};

/** What `npm run test:changed` does not run, in a sentence. */
export const notRun = (name: string, phases: readonly Phase[]): string | undefined =>
  name === 'changed' && !phases.some(({ projects }) => projects.includes('engine'))
    ? 'not run: tests on the local engine, as neither it nor its tests have changed; npm run test:engine runs them'
    : undefined;
