import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { findings, type Passage, passagesOfMarkdown, passagesOfSource } from './prose-rules';

const root = join(__dirname, '..');

/** Pages for readers. Decision records stay as they were written, and results are data. */
const isPage = (path: string): boolean => path.endsWith('.md') && !/^docs\/decisions\/\d/.test(path);
/** Sources whose texts a user sees: docstrings of the constructs, texts of the CLI, and sentences of errors and alarms. */
const isSource = (path: string): boolean => /^(lib|bin|lambda)\/.*\.ts$/.test(path);

function passagesOf(path: string): Passage[] {
  const text = readFileSync(join(root, path), 'utf8');
  return isPage(path) ? passagesOfMarkdown(text) : passagesOfSource(ts, path, text);
}

/** Private verbs go here, or out of the text. */
const isGlossary = (path: string): boolean => path === 'docs/reference/glossary.md';

/** `npm run lint` ends here: what a program can see of how the texts are written. Names of files narrow it. */
function main(): void {
  const tracked = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: root });
  const files = process.argv.length > 2 ? process.argv.slice(2) : tracked.toString('utf8').trim().split('\n');
  const found = files
    .filter((path) => isPage(path) || isSource(path))
    .flatMap((path) =>
      passagesOf(path).flatMap((passage) => findings(passage, isGlossary(path)).map((text) => `${path}:${text}`)),
    );
  for (const line of found) console.error(line);
  if (found.length > 0) {
    console.error(`${String(found.length)} places to write otherwise`);
    process.exitCode = 1;
  }
}

main();
