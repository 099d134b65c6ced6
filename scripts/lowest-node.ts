import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { madeOnce } from './made-once';

/**
 * The lowest Node that the package permits, from npm, in a folder of its own under `.local/`: beside another Node in
 * `node_modules` it would take its place.
 */
export function lowestNode(): string {
  const manifest = join(__dirname, '..', 'package.json');
  const { engines } = JSON.parse(readFileSync(manifest, 'utf8')) as { engines: { node: string } };
  const version = `${engines.node.replace(/^>= /, '')}.0`;
  const folder = madeOnce(`node-${version}`, (making) => {
    const quiet = ['--no-audit', '--no-fund', '--no-save', '--loglevel', 'error'];
    execFileSync('npm', ['install', '--prefix', making, ...quiet, `node@${version}`], { stdio: 'pipe' });
  });
  return join(folder, 'node_modules', 'node', 'bin', 'node');
}
