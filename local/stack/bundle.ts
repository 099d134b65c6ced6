import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../support/paths';

const bundleLimitMs = 10 * 60_000;

/** Bundles the functions as `npm run bundle` does, without its output. */
export async function bundleFunctions(): Promise<void> {
  const node = join(repositoryRoot, 'node_modules', 'node', 'bin', 'node');
  const options = { cwd: repositoryRoot, timeout: bundleLimitMs };
  await promisify(execFile)(node, ['--import', 'tsx', join('scripts', 'build.ts'), '--bundles'], options);
}
