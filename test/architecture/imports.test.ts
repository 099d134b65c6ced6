import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import { filesIn, read, root } from './sources';

/** Layers, outermost last; a file belongs to the first whose folder it is in. */
const LAYERS = [
  'lambda/contract',
  'lambda/core',
  'lambda/ports',
  'lambda/usecases',
  // Models for tests and benchmarks: what is deployed, and the CLI, may not come by them.
  'lambda/adapters/memory',
  'lambda/adapters',
  'lambda/handlers',
  'lib',
  'bin/example-app.ts',
  'bin',
  'local',
  'bench',
  'scripts',
  'test',
];

/** What each layer may import besides itself: imports point inward (docs/explanation/architecture.md). */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'lambda/contract': [],
  'lambda/core': ['lambda/contract'],
  'lambda/ports': ['lambda/core', 'lambda/contract'],
  'lambda/usecases': ['lambda/ports', 'lambda/core', 'lambda/contract'],
  'lambda/adapters/memory': ['lambda/adapters', 'lambda/ports', 'lambda/core', 'lambda/contract'],
  'lambda/adapters': ['lambda/ports', 'lambda/core', 'lambda/contract'],
  'lambda/handlers': ['lambda/usecases', 'lambda/adapters', 'lambda/ports', 'lambda/core', 'lambda/contract'],
  lib: ['lambda/contract'],
  'bin/example-app.ts': ['lib'],
  bin: ['lambda/usecases', 'lambda/adapters', 'lambda/ports', 'lambda/core', 'lambda/contract'],
};
/** These may import anything, and nothing else may import them. */
const OUTSIDE = ['local', 'bench', 'scripts', 'test'];

/** All files of a folder that lie in none of its folders, as one room. */
const OTHERS = '*.ts';
/** Files that may each import what stands behind them. */
const files = (names: string, imported: readonly string[] = []): Record<string, readonly string[]> =>
  Object.fromEntries(names.split(' ').map((name) => [`${name}.ts`, imported]));

/**
 * What the rooms of a folder may import of each other: a room, a file, or a folder of a room (`restore/point`). A room that imports nothing is
 * named too: a new room has to be thought about, and so has a file that lies in none.
 */
const ROOMS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  'lambda/core': {
    values: [],
    keys: [],
    objects: [],
    history: ['keys', 'values'],
    capture: ['values'],
    scan: ['history', 'keys', 'values'],
    inventory: ['history', 'objects', 'scan', 'values'],
    backup: ['capture', 'history', 'values'],
    restore: ['history', 'keys', 'objects', 'values'],
    browse: ['history'],
  },
  'lambda/core/history': { [OTHERS]: [], files: [OTHERS] },
  'lambda/usecases': {
    // All ports of a step.
    'context.ts': ['vault', 'work'],
    work: [],
    vault: ['work'],
    versions: ['vault', 'work'],
    jobs: ['context.ts', 'work'],
    history: ['context.ts', 'vault', 'work'],
    capture: ['context.ts', 'versions', 'work'],
    backup: ['context.ts', 'history', 'jobs', 'vault', 'versions', 'work'],
    restore: ['context.ts', 'history', 'jobs', 'vault', 'versions', 'work'],
    browse: ['history', 'restore/point', 'vault'],
  },
  'lambda/usecases/backup': {
    limits: [],
    coverage: [],
    sources: ['coverage'],
    store: [],
    compare: ['coverage', 'store'],
    kinds: ['store'],
  },
  'lambda/usecases/restore': {
    existing: [],
    point: ['existing'],
    planning: ['existing'],
    writing: ['existing'],
  },
  'lambda/adapters': {
    // Shared by both, so that both behave the same.
    ...files('bucket-inventory change-items later-properties same-claim'),
    ...files('cached-bucket-admin steady-pace'),
    aws: ['bucket-inventory.ts', 'change-items.ts', 'later-properties.ts', 'same-claim.ts'],
    memory: ['bucket-inventory.ts', 'change-items.ts', 'later-properties.ts', 'same-claim.ts'],
  },
  'lambda/adapters/aws': { dynamodb: [], events: [], runtime: [], s3: [] },
  'lambda/adapters/aws/s3': { wire: [], [OTHERS]: ['wire'] },
  'lib/private': {
    ...files('nag'),
    ...files('runtime-function vault-storage', ['nag.ts']),
    access: ['nag.ts', 'runtime-function.ts', 'vault-storage.ts'],
    events: ['access', 'nag.ts', 'props', 'runtime-function.ts'],
    monitoring: [],
    props: ['vault-storage.ts'],
    selection: ['props'],
  },
  bin: {
    ...files('example-app'),
    output: [],
    vault: ['output'],
    input: ['output', 'vault'],
    commands: ['input', 'output', 'vault'],
    ...files('program', ['commands', 'output', 'vault']),
    ...files('s3-backup', ['output', 'program.ts', 'vault']),
  },
  'test/scenarios': {
    support: [],
    backup: ['support'],
    capture: ['support'],
    jobs: ['support'],
    restore: ['support'],
  },
};
/** Folders that have folders alone: a file that lies in none has not been thought about. */
const ONLY_FOLDERS = ['test', 'test/core', 'test/usecases'];

/** Packages that a layer may use; a layer that is not named may use any. */
const PACKAGES: Readonly<Record<string, RegExp>> = {
  'lambda/contract': /^$/,
  // Hashing is pure, and so is decoding a stream; Parquet is the format of the history.
  'lambda/core': /^(node:(crypto|buffer|stream|stream\/promises|util|zlib)|csv-parse|hyparquet|hyparquet-writer|zod)$/,
  'lambda/ports': /^$/,
  'lambda/usecases': /^node:(crypto|buffer|util)$/,
  lib: /^(aws-cdk-lib(\/.*)?|constructs|node:(fs|path))$/,
  'bin/example-app.ts': /^(aws-cdk-lib(\/.*)?|constructs)$/,
};

const layerOf = (path: string): string | undefined =>
  LAYERS.find((layer) => path === layer || path.startsWith(`${layer}/`));

interface Import {
  readonly from: string;
  readonly specifier: string;
  /** A file of the repository, for relative imports. */
  readonly target?: string;
}

function importsOf(path: string): Import[] {
  return ts.preProcessFile(read(path), true, true).importedFiles.map(({ fileName: specifier }) => ({
    from: path,
    specifier,
    target: specifier.startsWith('.') ? normalize(join(dirname(path), specifier)) : undefined,
  }));
}

/** Imports leave the ending out, and the name of an index. */
function asFile(path: string): string {
  if (path.endsWith('.ts')) return path;
  const isThere = (file: string): boolean => existsSync(join(root, file));
  return !isThere(`${path}.ts`) && isThere(`${path}/index.ts`) ? `${path}/index.ts` : `${path}.ts`;
}

const folders = ['lambda', 'lib', 'bin', 'local', 'bench', 'scripts', 'test'].filter((folder) =>
  existsSync(join(root, folder)),
);
const imports = folders.flatMap((folder) => filesIn(folder)).flatMap(importsOf);

/** Use cases that a handler calls. What handlers share puts ports together, and calls none. */
const STEPS = new Set(
  imports
    .filter(({ from, target }) => from.startsWith('lambda/handlers/') && target?.startsWith('lambda/usecases/'))
    .filter(({ from }) => !from.startsWith('lambda/handlers/private/'))
    .map(({ target }) => asFile(target!)),
);

test('there are files and imports to look at', () => {
  expect(imports.length).toBeGreaterThan(100);
});

test('every file belongs to a layer', () => {
  const files = folders.flatMap((folder) => filesIn(folder));
  expect(files.filter((path) => layerOf(path) === undefined)).toEqual([]);
});

test('imports point inward', () => {
  const wrong = imports.filter(({ from, target }) => {
    const source = layerOf(from)!;
    const destination =
      target === undefined ? source : layerOf(target.endsWith('example-app') ? `${target}.ts` : target);
    if (OUTSIDE.includes(source) || destination === source) return false;
    // The CLI says its version.
    if (source === 'bin' && target === 'package.json') return false;
    return destination === undefined || !MAY_IMPORT[source]!.includes(destination);
  });
  expect(wrong.map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
});

describe.each(Object.entries(ROOMS))('the rooms of %s', (folder, rooms) => {
  /** The room of a file of the folder; undefined outside of it. */
  const roomOf = (path: string): string | undefined => {
    if (!path.startsWith(`${folder}/`)) return undefined;
    const [room = ''] = path.slice(folder.length + 1).split('/');
    return room.endsWith('.ts') && !Object.hasOwn(rooms, room) && Object.hasOwn(rooms, OTHERS) ? OTHERS : room;
  };
  const isPermitted = (permitted: readonly string[], target: string): boolean =>
    permitted.includes(roomOf(target)!) || permitted.some((one) => target.startsWith(`${folder}/${one}/`));

  test('are all in the table', () => {
    const folders = filesIn(folder).flatMap((path) =>
      path.slice(folder.length + 1).includes('/') ? [roomOf(path)!] : [],
    );
    expect([...new Set(folders)].sort()).toEqual(
      Object.keys(rooms)
        .filter((room) => !room.endsWith('.ts'))
        .sort(),
    );
  });

  test('are where the files lie, but for steps and what the table names', () => {
    const loose = filesIn(folder).filter((path) => !path.slice(folder.length + 1).includes('/'));
    expect(loose.filter((path) => !Object.hasOwn(rooms, roomOf(path)!) && !STEPS.has(path))).toEqual([]);
  });

  test('import only what the table permits', () => {
    const wrong = imports.filter(({ from, target }) => {
      const [room, imported] = [roomOf(from), target === undefined ? undefined : roomOf(asFile(target))];
      if (room === undefined || imported === undefined || room === imported) return false;
      // Steps lie in the folder itself: they import what they need of its rooms.
      const permitted = rooms[room];
      return permitted
        ? !isPermitted(permitted, asFile(target!))
        : room.endsWith('.ts') && !Object.hasOwn(rooms, imported);
    });
    expect(wrong.map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
  });

  test('import each other in one direction', () => {
    const order: string[] = [];
    for (let left = Object.keys(rooms); left.length > 0;) {
      const free = left.filter((room) => rooms[room]!.every((other) => order.includes(other.split('/')[0]!)));
      expect(free).not.toEqual([]);
      order.push(...free);
      left = left.filter((room) => !free.includes(room));
    }
  });
});

test.each(ONLY_FOLDERS)('%s has folders, and no file of its own', (folder) => {
  expect(filesIn(folder).filter((path) => dirname(path) === folder)).toEqual([]);
});

test('a step imports no other step', () => {
  expect(STEPS.size).toBeGreaterThan(12);
  const wrong = imports.filter(
    ({ from, target }) => from.startsWith('lambda/usecases/') && target !== undefined && STEPS.has(asFile(target)),
  );
  expect(wrong.map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
});

test('layers use only the packages that belong to them', () => {
  const wrong = imports.filter(({ from, specifier, target }) => {
    const allowed = PACKAGES[layerOf(from)!];
    return target === undefined && allowed !== undefined && !allowed.test(specifier);
  });
  expect(wrong.map(({ from, specifier }) => `${from}: ${specifier}`)).toEqual([]);
});

test('one function alone can delete a version', () => {
  const importers = (name: string): string[] =>
    imports
      .filter(({ from, target }) => !from.startsWith('test/') && target?.endsWith(name))
      .map(({ from }) => from)
      .sort();
  const remover = 'lambda/adapters/aws/s3/aws-marker-removal.ts';
  expect(importers('aws-marker-removal')).toEqual(['lambda/handlers/private/marker-ports.ts']);
  expect(importers('marker-ports')).toEqual(['lambda/handlers/restore-markers.ts']);
  const deleting = filesIn('lambda').filter((path) => /DeleteObjects?Command/.test(read(path)));
  expect(deleting).toEqual([remover, 'lambda/adapters/aws/s3/aws-object-store.ts']);
  expect(read('lambda/adapters/aws/s3/aws-object-store.ts')).not.toMatch(/DeleteObjectCommand\(\{[^}]*VersionId/);
  expect(read(remover)).toMatch(/DeleteObjectCommand\(\{[^}]*VersionId/);
});
