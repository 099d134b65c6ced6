/** Packages that are ES modules only: Jest runs CommonJS, so they are transformed, and their entry is named here. */
const esModulesOnly = { hyparquet: 'src/node.js', 'hyparquet-writer': 'src/node.js' };

/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
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
  maxWorkers: 2,
  testTimeout: 60_000,
  reporters: ['default', '<rootDir>/scripts/jest-totals.mjs'],
};
