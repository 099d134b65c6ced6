import { build, type BuildOptions } from 'esbuild';
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

/** Bundles each `lambda/handlers/<name>.ts` to `assets/<name>/index.js`, and removes bundles of handlers that are gone. */
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
  const sizes: Record<string, number> = {};
  for (const name of names) {
    sizes[name] = await bundle(`lambda/handlers/${name}.ts`, `assets/${name}/index.js`);
  }
  return sizes;
}

/** Bundles the CLI, if there is one, to `dist/bin/s3-backup.js`; esbuild keeps the `#!` line of the source. */
export async function bundleCli(): Promise<void> {
  if (existsSync(join(root, 'bin/s3-backup.ts'))) {
    await bundle('bin/s3-backup.ts', 'dist/bin/s3-backup.js');
  }
}
