import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..');

/**
 * The lowest Node that the package permits, from npm, in a folder of its own under `.local/`: beside another Node in
 * `node_modules` it would take its place. Made beside its place and moved there, so that an installation that was cut off is not
 * taken for a whole one.
 */
export function lowestNode(): string {
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
  const version = `${engines.node.replace(/^>= /, '')}.0`;
  const folder = join(root, '.local', `node-${version}`);
  if (!existsSync(folder)) {
    mkdirSync(join(root, '.local'), { recursive: true });
    const making = mkdtempSync(join(root, '.local', 'node-new-'));
    try {
      const quiet = ['--no-audit', '--no-fund', '--no-save', '--loglevel', 'error'];
      execFileSync('npm', ['install', '--prefix', making, ...quiet, `node@${version}`], { stdio: 'pipe' });
      renameSync(making, folder);
    } catch (error) {
      rmSync(making, { recursive: true, force: true });
      if (!existsSync(folder)) throw error;
    }
  }
  return join(folder, 'node_modules', 'node', 'bin', 'node');
}
