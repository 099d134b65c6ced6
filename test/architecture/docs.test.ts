import { existsSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { ErrorName } from '../../lambda/contract/errors';
import { CONTINUOUS_EVENTS, DetailType } from '../../lambda/contract/events';
import { MetricName } from '../../lambda/contract/metrics';
import {
  ENCRYPTION_TYPES,
  MAX_VERSIONS,
  ON_EXISTING,
  restoreDefaults,
  restoreSchema,
  STORAGE_CLASSES,
} from '../../lambda/core/restore/schema';
import { filesIn, read, root } from './sources';

const PAGES = [
  ...['README.md', 'CHANGELOG.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md', 'SECURITY.md'],
  ...['bin/README.md', 'test/README.md'],
  ...['docs', 'local', '.github'].flatMap((folder) => filesIn(folder, ['.md'])),
];
const reference = (page: string): string => read(`docs/reference/${page}.md`);

/** First cells of all rows that are one name in backticks. */
const rowsOf = (page: string): string[] => [...page.matchAll(/^\| `([^`|]+)` +\|/gm)].map(([, name]) => name!);

const withoutCode = (page: string): string => page.replace(/^ *```[\s\S]*?^ *```/gm, '');

describe('the reference', () => {
  test('has one row for every field of a restore', () => {
    const table = /## Input\n[\s\S]*?\n(\| field[\s\S]*?)\n\n/.exec(reference('restore-input'))![1]!;
    expect(rowsOf(table).sort()).toEqual(Object.keys(restoreSchema.shape).sort());
  });

  test('has the default of every field of a restore', () => {
    const table = /## Input\n[\s\S]*?\n(\| field[\s\S]*?)\n\n/.exec(reference('restore-input'))![1]!;
    const cells = [...table.matchAll(/^\| `(\w+)` +\| (.*?) +\|/gm)].map(([, field, cell]) => [field!, cell!]);
    const { destinationPrefix, encryption, ...values } = restoreDefaults();
    expect(destinationPrefix).toBe('');
    const defaults = { ...values, encryption: encryption.type };
    expect(Object.fromEntries(cells)).toEqual({
      ...Object.fromEntries(Object.keys(restoreSchema.shape).map((field) => [field, 'none'])),
      ...{ sourceBucket: 'required', items: 'the whole bucket', destinationBucket: 'the source bucket' },
      ...{ destinationPrefix: 'empty', restoreAcls: 'where possible' },
      ...Object.fromEntries(
        Object.entries(defaults).map(([field, value]) => [field, `\`${JSON.stringify(value).replaceAll('"', '')}\``]),
      ),
    });
  });

  test('has the values of every field of a restore that has a choice', () => {
    const page = reference('restore-input').replace(/\s+/g, ' ');
    const valuesIn = (text: RegExp): string[] =>
      [...text.exec(page)![1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!);
    expect(valuesIn(/`storageClass` is (.*?)\./).sort()).toEqual([...STORAGE_CLASSES].sort());
    expect(valuesIn(/`encryption\.type` is (.*?)\./)).toEqual(ENCRYPTION_TYPES);
    expect(valuesIn(/What happens to existing objects: (.*?)\./)).toEqual(ON_EXISTING);
    expect(page).toContain(`1 to ${MAX_VERSIONS.toLocaleString('en')}, or`);
    expect(reference('cli')).toContain(`\`--on-existing ${ON_EXISTING.join('\\|')}\``);
  });

  test('has a row for every error that the command line names', () => {
    const names = filesIn('bin').flatMap(errorsIn);
    expect(names).toEqual(expect.arrayContaining(['ExecutionFailed', 'ExecutionTimedOut', 'S3Error', 'UsageError']));
    expect(rowsOf(reference('errors'))).toEqual(expect.arrayContaining(names));
  });

  test.each([
    ['errors', Object.values(ErrorName)],
    ['metrics', Object.values(MetricName)],
    ['events', [...Object.values(DetailType), ...CONTINUOUS_EVENTS]],
  ])('%s has a row for every name', (page, names) => {
    expect(rowsOf(reference(page))).toEqual(expect.arrayContaining(names));
  });

  test('says of every error what was found and the way out', () => {
    const empty = reference('errors')
      .split('\n')
      .filter(
        (line) => line.startsWith('| `') && line.split('|').some((cell, index, all) => isEmpty(cell, index, all)),
      );
    expect(empty).toEqual([]);
  });
  const isEmpty = (cell: string, index: number, all: readonly string[]): boolean =>
    cell.trim() === '' && index > 0 && index < all.length - 1;

  test('has every command and option of the command line', () => {
    const page = reference('cli');
    const commands = filesIn('bin/commands').map(read);
    const names = commands.flatMap((text) => [...text.matchAll(/\.command\('([\w-]+)'\)/g)].map(([, name]) => name!));
    const listed = [...page.matchAll(/^\| `([\w-]+)[ `]/gm)].map(([, name]) => name);
    expect(names.length).toBeGreaterThan(5);
    expect(listed).toEqual(expect.arrayContaining(names));
    const sources = [...commands, read('bin/program.ts'), read('bin/input/state.ts')];
    const options = sources.flatMap((text) =>
      [...text.matchAll(/(?:option|Option|choice)\(\s*'(?:-\w, )?(--[\w-]+)/g)].map(([, option]) => option!),
    );
    const missing = new Set(options.filter((option) => !new RegExp(`${option}\\b`).test(page)));
    // Help and version of the program itself.
    expect([...missing].filter((option) => !['--help', '--version'].includes(option))).toEqual([]);
  });

  test('has every prop of the constructs', () => {
    const page = reference('props');
    const props = filesIn('lib')
      .filter((path) => !path.startsWith('lib/private/') && !path.startsWith('lib/workflows/'))
      .flatMap(propsIn);
    expect(props.length).toBeGreaterThan(25);
    const missing = props.filter((prop) => !new RegExp(`\`[^\`\n]*\\b${prop}\\b[^\`\n]*\``).test(page));
    // A selection is made by its plan, which gives itself.
    expect(missing.filter((prop) => prop !== 'backupPlan')).toEqual([]);
  });
});

/** Properties of the interfaces that a file exports. */
function propsIn(path: string): string[] {
  const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest);
  return file.statements
    .filter((node) => ts.isInterfaceDeclaration(node))
    .flatMap(({ members }) => members.map(({ name }) => (name as ts.Identifier).text));
}

/** Names that a file gives to errors of the command line. One in a variable would not be seen. */
function errorsIn(path: string): string[] {
  const file = ts.createSourceFile(path, read(path), ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  const take = (name: ts.Expression): void => {
    if (ts.isConditionalExpression(name)) [name.whenTrue, name.whenFalse].forEach(take);
    else if (ts.isBinaryExpression(name)) take(name.right);
    else if (ts.isStringLiteral(name)) names.push(name.text);
    // Errors of an execution, and names that another error has already.
    else if (!/^(ErrorName\.\w+|error\.name)$/.test(name.getText(file)))
      throw new Error(`${path}: name an error where it is made, not by ${name.getText(file)}`);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText(file) === 'CliError') take(node.arguments![0]!);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return names;
}

/** As GitHub makes anchors of headings. */
const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

const anchorsOf = (page: string): string[] =>
  [...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading!));

interface Link {
  readonly page: string;
  readonly target: string;
  readonly anchor: string | undefined;
}
const LINKS = PAGES.flatMap((page) =>
  [...withoutCode(read(page)).matchAll(/\]\((?!\w+:)([^)#]*)(?:#([^)]*))?\)/g)].map(([, path, anchor]): Link => ({
    page,
    target: path === '' ? page : normalize(join(dirname(page), path!)),
    anchor,
  })),
);

describe('pages', () => {
  test('link to what is there', () => {
    expect(LINKS.length).toBeGreaterThan(100);
    const broken = LINKS.filter(
      ({ target, anchor }) =>
        !existsSync(join(root, target)) || (anchor !== undefined && !anchorsOf(target).includes(anchor)),
    );
    expect(broken).toEqual([]);
  });

  test('name files that are there', () => {
    const named = PAGES.flatMap((page) =>
      [...withoutCode(read(page)).matchAll(/`((?:lib|lambda|bin|local|bench|scripts|test|docs)\/[\w./-]*\w)`/g)].map(
        ([, path]) => ({ page, path: path! }),
      ),
    );
    const isThere = (path: string): boolean =>
      ['', '.ts', '.test.ts'].some((extension) => existsSync(join(root, `${path}${extension}`)));
    const missing = named.filter(({ path }) => !isThere(path));
    expect(missing).toEqual([]);
  });

  test.each(['lambda', 'lib', 'bin', 'local', 'test'])('lead to the head of %s', (folder) => {
    const from = LINKS.filter(({ page, target }) => target === `${folder}/README.md` && page !== target);
    expect(from).not.toEqual([]);
  });

  test.each(['bin', 'test'])('name in the head of %s each folder of it, and what is there', (folder) => {
    const entries = readdirSync(join(root, folder), { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    const named = [...read(`${folder}/README.md`).matchAll(/`([^`]+)`/g)].map(([, name]) => name!.replace(/\/$/, ''));
    expect(named).toEqual(expect.arrayContaining(folders));
    const paths = named.filter((name) => /^[\w-]+(\/[\w.-]+)*(\.ts|\/)$|^[\w-]+\/[\w./-]+$/.test(name));
    const isThere = (path: string): boolean => [folder, '.'].some((base) => existsSync(join(root, base, path)));
    expect(paths.filter((path) => !isThere(path))).toEqual([]);
  });

  test('of docs/ are all in an index', () => {
    const indexes = ['docs/README.md', 'docs/decisions/README.md'];
    const linked = LINKS.filter(({ page }) => indexes.includes(page)).map(({ target }) => target);
    const pages = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md');
    expect(pages.filter((page) => !linked.includes(page))).toEqual([]);
  });
});
