import { join } from 'node:path';
import ts from 'typescript';
import { filesIn, read, root } from '../architecture/sources';

const PAGES = ['README.md', 'docs/tutorial', 'docs/how-to', 'docs/reference'].flatMap((place) =>
  place.endsWith('.md') ? [place] : filesIn(place, ['.md']),
);

/** What a snippet may use without a word: things that any app with backups has. */
const GIVEN = `
declare const bucket: import('aws-cdk-lib/aws-s3').Bucket;
declare const vault: import('cdk-s3-backup').BackupVault;
declare const plan: import('cdk-s3-backup').BackupPlan;
`;
/** Names that a short snippet need not import. */
const IMPORTED: Readonly<Record<string, string>> = {
  'cdk-s3-backup': 'BackupPlan BackupPlanRule BackupResource BackupSource BackupVault',
  'aws-cdk-lib': 'Duration RemovalPolicy Stack',
  'aws-cdk-lib/aws-events': 'Schedule',
};

const importsIn = (snippet: string): string[] => [...snippet.matchAll(/^import [\s\S]*?;$/gm)].map(([text]) => text);

/** Declarations of what a snippet makes, `const name = new Class(…)`: later ones of its page may use it. */
function shownBy(snippet: string): string[] {
  const imports = importsIn(snippet).map((text) => /\{([\s\S]*)\} from '(.*)'/.exec(text)!);
  const known = [...imports.map(([, names, from]) => [from!, names!] as const), ...Object.entries(IMPORTED)];
  return [...snippet.matchAll(/^const (\w+) = new (\w+)\(/gm)].flatMap(([, name, type]) => {
    const from = known.find(([, names]) => new RegExp(`\\b${type!}\\b`).test(names))?.[0];
    const isGiven = GIVEN.includes(`declare const ${name!}:`);
    return from === undefined || isGiven ? [] : [`declare const ${name!}: import('${from}').${type!};`];
  });
}

/** A file with the snippet in the constructor of a stack, where `this` is the stack. */
function fileOf(snippet: string, before: readonly string[]): string {
  const imports = importsIn(snippet);
  const body = imports.reduce((text, one) => text.replace(one, ''), snippet);
  const given = imports.join('\n');
  const others = Object.entries(IMPORTED).map(([from, names]) => {
    const missing = names.split(' ').filter((name) => !new RegExp(`\\b${name}\\b`).test(given));
    return `import { ${missing.join(', ')} } from '${from}';`;
  });
  const stack = `class extends (await import('aws-cdk-lib')).Stack`;
  const shown = [...new Set(before.flatMap(shownBy))];
  return [...others, given, GIVEN, ...shown, `export default ${stack} {`, `constructor() { super();`, body, `} }`].join(
    '\n',
  );
}

test('snippets of the documentation compile', () => {
  const files = new Map(
    PAGES.flatMap((page) =>
      [...read(page).matchAll(/^ *```ts\n([\s\S]*?)^ *```/gm)]
        .map(([, snippet]) => snippet!)
        .map((snippet, index, all): [string, string] => [
          join(root, `${page}.${String(index + 1)}.ts`),
          fileOf(snippet, all.slice(0, index)),
        ]),
    ),
  );
  expect(files.size).toBeGreaterThan(10);
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    paths: { 'cdk-s3-backup': [join(root, 'lib/index.ts')] },
    types: ['node'],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { ...host };
  host.fileExists = (path) => files.has(path) || onDisk.fileExists(path);
  host.getSourceFile = (path, target) => {
    const text = files.get(path);
    return text === undefined ? onDisk.getSourceFile(path, target) : ts.createSourceFile(path, text, target);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const problems = [...files.keys()].flatMap((path) => {
    const file = program.getSourceFile(path)!;
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      ({ messageText }) => `${path}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
  });
  expect(problems).toEqual([]);
});
