import { build, type BuildOptions } from 'esbuild';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export const root = join(__dirname, '..');

/**
 * Everything a function needs is in its bundle, the AWS SDK too: the SDK of the Lambda runtime changes without notice.
 * The output depends on the sources only, so that an unchanged function keeps its asset hash. Names of classes are not kept by code that runs
 * for each function that is made, closures too: errors set their names themselves.
 */
export const BUNDLE_OPTIONS: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node22',
  mainFields: ['module', 'main'],
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'eof',
  charset: 'utf8',
  logLevel: 'warning',
  write: false,
};

async function bundle(entry: string, outfile: string): Promise<number> {
  const result = await build({ ...BUNDLE_OPTIONS, entryPoints: [entry], outfile });
  const code = result.outputFiles?.[0]?.contents;
  if (!code) {
    throw new Error(`esbuild wrote nothing for ${entry}`);
  }
  // Written only when it differs: others may be reading the bundles at this moment.
  const target = join(root, outfile);
  if (!existsSync(target) || !readFileSync(target).equals(code)) {
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, code);
  }
  return code.length;
}

/** What the bundles were made of and what they were, when they were last made. */
const STAMP = '.local/bundles.json';

interface Stamp {
  readonly sources: string;
  readonly bundles: string;
  readonly sizes: Record<string, number>;
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths)
    hash
      .update(`${path}\0`)
      .update(existsSync(path) ? readFileSync(path) : '')
      .update('\0');
  return hash.digest('hex');
}

/** Everything that a bundle can depend on: our own sources, the packages, and how they are bundled. */
function sourcesHash(): string {
  const own = readdirSync(join(root, 'lambda'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return hashOf([
    ...own,
    ...['package-lock.json', 'tsconfig.json', 'scripts/bundle.ts'].map((name) => join(root, name)),
  ]);
}

const bundlesHash = (names: readonly string[]): string =>
  hashOf(names.map((name) => join(root, `assets/${name}/index.js`)));

function readStamp(): Stamp | undefined {
  try {
    return JSON.parse(readFileSync(join(root, STAMP), 'utf8')) as Stamp;
  } catch {
    return undefined;
  }
}

/** Bundles each `lambda/handlers/<name>.ts` to `assets/<name>/index.js`, unless nothing has changed, and removes bundles of handlers that are gone. */
export async function bundleHandlers(): Promise<Record<string, number>> {
  const handlers = join(root, 'lambda/handlers');
  const names = readdirSync(handlers)
    .filter((file) => file.endsWith('.ts'))
    .map((file) => basename(file, '.ts'))
    .sort();
  const assets = join(root, 'assets');
  for (const old of existsSync(assets) ? readdirSync(assets) : []) {
    if (!names.includes(old)) {
      rmSync(join(assets, old), { recursive: true });
    }
  }
  const sources = sourcesHash();
  const made = readStamp();
  if (made?.sources === sources && made.bundles === bundlesHash(names)) return made.sizes;
  const sizes: Record<string, number> = {};
  for (const name of names) {
    sizes[name] = await bundle(`lambda/handlers/${name}.ts`, `assets/${name}/index.js`);
  }
  mkdirSync(join(root, '.local'), { recursive: true });
  const stamp: Stamp = { sources, bundles: bundlesHash(names), sizes };
  writeFileSync(join(root, STAMP), JSON.stringify(stamp));
  return sizes;
}

/** Bundles the CLI, if there is one, to `dist/bin/s3-backup.js`; esbuild keeps the `#!` line of the source. */
export async function bundleCli(): Promise<void> {
  if (existsSync(join(root, 'bin/s3-backup.ts'))) {
    await bundle('bin/s3-backup.ts', 'dist/bin/s3-backup.js');
  }
}
