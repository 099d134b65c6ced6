import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { filesIn, lineCount, read, root } from './sources';

const LEAST_LINES = 3;
const MOST_LINES = 25;

/** Folders below lambda/ and lib/, and these themselves, that hold source files or folders with such. */
const folders = [...new Set(['lambda', 'lib'].flatMap((folder) => filesIn(folder).flatMap(foldersOf)))].sort();
const withPage = folders.filter((folder) => existsSync(join(root, pageOf(folder))));

function foldersOf(path: string): string[] {
  const folder = dirname(path);
  return folder === '.' ? [] : [folder, ...foldersOf(folder)];
}

function pageOf(folder: string): string {
  return `${folder}/README.md`;
}

/** Texts in backticks; prose may wrap within none of them. */
const namesIn = (folder: string): string[] =>
  Array.from(read(pageOf(folder)).matchAll(/`([^`]+)`/g), ([, name = '']) => name);

/** Names of files and folders; others are words of the code. */
const isPath = (name: string): boolean => /^[\w.-]+(\/[\w.-]+)*(\.(ts|md)|\/)$/.test(name);

const entriesOf = (folder: string) => readdirSync(join(root, folder), { withFileTypes: true });

test('there are folders to look at', () => {
  expect(folders.length).toBeGreaterThan(40);
});

test('every folder with sources has a page that says what lives there', () => {
  expect(folders.filter((folder) => !withPage.includes(folder))).toEqual([]);
});

test('a page begins with the name of its folder, and is short', () => {
  const wrong = withPage.filter((folder) => {
    const [heading] = read(pageOf(folder)).split('\n');
    const lines = lineCount(pageOf(folder));
    return heading !== `# ${basename(folder)}` || lines < LEAST_LINES || lines > MOST_LINES;
  });
  expect(wrong).toEqual([]);
});

test('a page names each folder below its own', () => {
  const missing = withPage.flatMap((folder) => {
    const names = namesIn(folder);
    return entriesOf(folder)
      .filter((entry) => entry.isDirectory() && folders.includes(`${folder}/${entry.name}`))
      .filter(({ name }) => !names.includes(`${name}/`))
      .map(({ name }) => `${pageOf(folder)}: ${name}/`);
  });
  expect(missing).toEqual([]);
});

test('a page names a source file of its folder, where there is one', () => {
  const without = withPage.filter((folder) => {
    const files = entriesOf(folder)
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map(({ name }) => name);
    const names = namesIn(folder);
    return files.length > 0 && !files.some((file) => names.includes(file));
  });
  expect(without).toEqual([]);
});

test('what a page names is there, in its folder or in the repository', () => {
  const gone = withPage.flatMap((folder) =>
    namesIn(folder)
      .filter((name) => isPath(name) && !existsSync(join(root, folder, name)) && !existsSync(join(root, name)))
      .map((name) => `${pageOf(folder)}: ${name}`),
  );
  expect(gone).toEqual([]);
});
