import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { madeOnce } from './made-once';

const requirements = join(__dirname, 'cfn-lint-requirements.txt');

/** The pinned cfn-lint in a virtual environment of its own, under `.local/`, made on first use and when the pins change. */
function cfnLintFolder(): string {
  const pins = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12);
  return madeOnce(`cfn-lint-${pins}`, (making) => {
    execFileSync('python3', ['-m', 'venv', making]);
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', '-r', requirements];
    execFileSync(join(making, 'bin', 'python'), pip, { stdio: ['ignore', 'ignore', 'pipe'] });
  });
}

/** W3005: the CDK states a dependency although a reference implies it. */
const IGNORED = ['W3005'];

/** Findings of cfn-lint in a template, one a line; empty when there are none. */
export function cfnLint(template: string, regions: readonly string[]): string {
  const bin = join(cfnLintFolder(), 'bin');
  const options = ['--format', 'parseable', '--regions', ...regions, '--ignore-checks', ...IGNORED];
  try {
    // By its Python: the first line of the script names the folder that it was made in.
    return execFileSync(join(bin, 'python'), [join(bin, 'cfn-lint'), ...options, '--', template], { encoding: 'utf8' });
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    return stdout || stderr || String(error);
  }
}
