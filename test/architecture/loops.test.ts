import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { type Given, notRun, type Phase, PHASES } from '../../scripts/test-phases';
import { filesIn, read, root } from './sources';

const given = (...changed: string[]): Given => ({ changed: () => changed, seed: () => 7 });
const changedPhases = (...changed: string[]): readonly Phase[] => PHASES['changed']!(given(...changed));
const ofEngine = (phases: readonly Phase[]): unknown =>
  phases.filter(({ projects }) => projects.includes('engine')).map(({ options }) => options);

/** Files that Jest would run. */
function listed({ projects, options = [] }: Phase): string[] {
  const args = ['--selectProjects', ...projects, ...options, '--listTests', '--json'];
  const printed = execFileSync(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const paths = JSON.parse(printed.toString('utf8')) as string[];
  return paths.map((path) => path.slice(root.length + 1)).sort();
}

test('long random runs are all tests that call for seeds', () => {
  const callers = filesIn('test', ['.test.ts']).filter((path) => /\bseeds\(/.test(read(path)));
  const phases = PHASES['long']!(given());
  expect(callers).toContain('test/scenarios/restore/writing/random-faults.test.ts');
  expect(phases.flatMap(listed).sort()).toEqual(callers.filter((path) => path !== 'test/architecture/loops.test.ts'));
  expect(phases.map(({ env }) => env)).toEqual(phases.map(() => phases[0]!.env));
  expect(phases[0]!.env).toHaveProperty('TEST_SEED');
});

test('changes of the local engine run its tests', () => {
  expect(ofEngine(changedPhases('local/service/engine.ts', 'lambda/core/keys/order.ts'))).toEqual([
    ['--findRelatedTests', 'local/service/engine.ts'],
  ]);
  expect(ofEngine(changedPhases('test/e2e/e2e.test.ts'))).toEqual([['--findRelatedTests', 'test/e2e/e2e.test.ts']]);
  expect(ofEngine(changedPhases('test/cli/engine.test.ts'))).toEqual([
    ['--findRelatedTests', 'test/cli/engine.test.ts'],
  ]);
  const related: Phase = { projects: ['engine'], workers: '1', options: ['--findRelatedTests', 'local/inventory.ts'] };
  expect(listed(related)).toContain('test/local/inventory.test.ts');
});

test('no import leads to the modules of the engine in Python', () => {
  const [options] = ofEngine(changedPhases('local/engine/object_copy.py', 'local/up.ts')) as [string[]];
  const files = listed({ projects: ['engine'], workers: '1', options });
  expect(files).toContain('test/contracts/engine.test.ts');
  expect(files).toContain('test/local/s3-objects.test.ts');
  expect(files.filter((path) => !/^test\/(local|contracts)\//.test(path))).toEqual([]);
});

test('other changes run no engine, and that is said', () => {
  const phases = changedPhases('lambda/core/keys/order.ts', 'local/README.md');
  expect(ofEngine(phases)).toEqual([]);
  expect(notRun('changed', phases)).toMatch(/^not run: tests on the local engine.* npm run test:engine/);
  expect(notRun('changed', changedPhases('local/up.ts'))).toBeUndefined();
  expect(notRun('unit', PHASES['unit']!(given()))).toBeUndefined();
});

describe('the page for contributors', () => {
  const page = read('CONTRIBUTING.md');
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

  test('has a row for every command that checks a change', () => {
    const rows = [...page.matchAll(/^\| `(?:npm run )?([\w:. /]+)` +\|/gm)].map(([, command]) => command!);
    const checks = Object.keys(scripts).filter((name) => /^(test:|lint|typecheck|build|synth|format)/.test(name));
    expect(rows).toEqual(expect.arrayContaining([...checks, 'npm test', '.ci/run']));
  });

  test('names each command that a change has to pass', () => {
    const ran = [...read('.ci/run').matchAll(/^(?:step [\w-]+ )?npm (?:run --silent )?([\w:]+)/gm)].map(
      ([, name]) => name!,
    );
    expect(ran).toEqual(['ci', 'lint', 'typecheck', 'build', 'synth', 'lint:template', 'test']);
    for (const name of ran.slice(1, -1)) expect(page).toContain(`npm run ${name}`);
    expect(page).toMatch(/Before you propose the change: `\.ci\/run`/);
    expect(read('.github/PULL_REQUEST_TEMPLATE.md')).toContain('`.ci/run` passes');
  });
});
