import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundleCli, root } from './bundle';

interface Manifest {
  readonly version: string;
  readonly devDependencies: Record<string, string>;
  readonly [field: string]: unknown;
}

const dist = join(root, 'dist');

/** Construct libraries that the consumer's app brings: one copy in the whole app, or constructs don't recognise each other. */
const PEERS = ['aws-cdk-lib', 'constructs'];

/** jsii's own default is ES2020, which does not know the cause of an error. */
const TSCONFIG = 'tsconfig.build.json';
const COMPILER_OPTIONS = {
  target: 'es2022',
  lib: ['es2022'],
  module: 'commonjs',
  types: ['node'],
  strict: true,
  noEmitOnError: true,
  declaration: true,
  stripInternal: true,
  skipLibCheck: true,
};

/** What the published package says about itself: the root's facts, without what only this repository needs. */
function publishedManifest(): Record<string, unknown> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;
  const peers = Object.fromEntries(PEERS.map((name) => [name, manifest.devDependencies[name]]));
  const kept = ['name', 'version', 'description', 'license', 'author', 'repository', 'keywords', 'engines', 'type'];
  return {
    ...Object.fromEntries(kept.map((field) => [field, manifest[field]])),
    stability: 'experimental',
    main: 'lib/index.js',
    types: 'lib/index.d.ts',
    ...(existsSync(join(dist, 'bin/s3-backup.js')) && { bin: { 's3-backup': 'bin/s3-backup.js' } }),
    files: [
      '.jsii',
      'lib/**/*.js',
      'lib/**/*.d.ts',
      'lambda/contract/**/*.js',
      'lambda/contract/**/*.d.ts',
      'assets',
      'bin',
    ],
    peerDependencies: Object.fromEntries(Object.entries(peers).map(([name, version]) => [name, `^${version}`])),
    devDependencies: peers,
    jsii: { outdir: 'out', versionFormat: 'full', targets: {}, tsconfig: TSCONFIG, validateTsconfig: 'minimal' },
  };
}

/**
 * Stages the package in `dist/` and compiles it with jsii, which checks that the public API can be used from every CDK
 * language: no unions, generics or Map in public signatures.
 */
export async function buildPackage(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  await bundleCli();
  for (const path of ['lib', 'lambda/contract', 'assets', 'README.md', 'LICENSE']) {
    if (existsSync(join(root, path))) {
      cpSync(join(root, path), join(dist, path), { recursive: true });
    }
  }
  if (!existsSync(join(dist, 'README.md'))) {
    writeFileSync(join(dist, 'README.md'), '# cdk-s3-backup\n'); // jsii insists on one
  }
  writeFileSync(join(dist, 'package.json'), `${JSON.stringify(publishedManifest(), undefined, 2)}\n`);
  writeFileSync(
    join(dist, TSCONFIG),
    JSON.stringify({ compilerOptions: COMPILER_OPTIONS, include: ['lib/**/*.ts', 'lambda/**/*.ts'] }),
  );
  execFileSync(
    process.execPath,
    [join(root, 'node_modules/jsii/bin/jsii'), '--fail-on-warnings', '--silence-warnings=reserved-word'],
    {
      cwd: dist,
      stdio: 'inherit',
      // jsii warns about every Node that is newer than itself.
      env: {
        ...process.env,
        JSII_SILENCE_WARNING_UNTESTED_NODE_VERSION: '1',
        JSII_SILENCE_WARNING_DEPRECATED_NODE_VERSION: '1',
      },
    },
  );
  if (existsSync(join(dist, 'bin/s3-backup.js'))) {
    chmodSync(join(dist, 'bin/s3-backup.js'), 0o755);
  }
}
