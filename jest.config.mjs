/** Packages that are ES modules only: Jest runs CommonJS, so they are transformed, and their entry is named here. */
const esModulesOnly = { hyparquet: 'src/node.js', 'hyparquet-writer': 'src/node.js' };

/** A guard against hanging, and nothing else: no test fails because a machine is slow. */
const HANGS_MS = 10 * 60_000;

const shared = {
  testEnvironment: 'node',
  // Sources too: which tests a change touches is found by what they import.
  roots: ['bench', 'bin', 'lambda', 'lib', 'local', 'scripts', 'test'].map((folder) => `<rootDir>/${folder}`),
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/cdk.out', '<rootDir>/.local'],
  transform: {
    '^.+\\.[jt]s$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' }, keepClassNames: true },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!(${Object.keys(esModulesOnly).join('|')})/)`],
  moduleNameMapper: Object.fromEntries(
    Object.entries(esModulesOnly).map(([name, entry]) => [`^${name}$`, `<rootDir>/node_modules/${name}/${entry}`]),
  ),
  testTimeout: HANGS_MS,
};

/** Tests that start the local AWS engine. */
const ENGINE = ['e2e/**/*.test.ts', 'local/**/*.test.ts', '**/engine.test.ts'];
const bundles = { globalSetup: '<rootDir>/scripts/jest-bundles.ts' };

const project = (displayName, patterns, more = {}) => ({
  ...shared,
  displayName,
  testMatch: patterns.map((pattern) => `<rootDir>/test/${pattern}`),
  ...more,
});
const withoutEngine = { testPathIgnorePatterns: ['/engine\\.test\\.ts$'] };

/** @type {import('jest').Config} */
export default {
  testTimeout: HANGS_MS,
  reporters: ['default', '<rootDir>/scripts/jest-totals.mjs'],
  projects: [
    project('unit', ['{core,format,architecture}/**/*.test.ts', 'contracts/memory.test.ts']),
    project('scenarios', ['{scenarios,usecases,cli}/**/*.test.ts'], withoutEngine),
    project('adapters', ['{adapters,bench}/**/*.test.ts'], { ...withoutEngine, ...bundles }),
    project('synth', ['{lib,package}/**/*.test.ts'], bundles),
    project('engine', ENGINE, bundles),
  ],
};
