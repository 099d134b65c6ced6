import { basename } from 'node:path';
import { filesIn, lineCount, read } from './sources';

const CAP = 400;
const MEDIAN = 110;
const HANDLER_CAP = 40;

const sources = ['lambda', 'lib', 'bin', 'local', 'scripts'].flatMap((folder) =>
  filesIn(folder, ['.ts', '.mjs', '.py']),
);

test('no file is too long to be read at once', () => {
  const files = [...sources, ...filesIn('test')];
  expect(files.filter((path) => lineCount(path) > CAP)).toEqual([]);
});

test('files are short on the whole', () => {
  const lengths = sources.map(lineCount).sort((a, b) => a - b);
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(MEDIAN);
});

test('handlers parse, call and reply, and no more', () => {
  const handlers = filesIn('lambda/handlers').filter((path) => !path.includes('/private/'));
  expect(handlers.length).toBeGreaterThan(0);
  expect(handlers.filter((path) => lineCount(path) > HANDLER_CAP)).toEqual([]);
});

test('only one file makes Lambda functions', () => {
  const makers = filesIn('lib').filter((path) =>
    /new (lambda\.)?(Docker)?(Image|NodejsFunction|Function)\w*\(/.test(withoutTypes(read(path))),
  );
  expect(makers.map((path) => basename(path))).toEqual(['runtime-function.ts']);
});

test('constructs depend on nothing but their props and our own bundles', () => {
  const wrong = filesIn('lib').filter((path) =>
    /process\.(env|cwd|argv)|@aws-sdk|Date\.now|Math\.random|new Date\(/.test(read(path)),
  );
  expect(wrong).toEqual([]);
});

test('core has no clock and no randomness', () => {
  const wrong = filesIn('lambda/core').filter((path) =>
    /Date\.now|Math\.random|new Date\(\)|randomUUID|randomBytes|process\./.test(read(path)),
  );
  expect(wrong).toEqual([]);
});

test('ARNs of one partition are only in the documented policies', () => {
  const deployed = [...filesIn('lib'), ...filesIn('lambda')].filter(
    (path) => !path.startsWith('lambda/adapters/memory/'),
  );
  const wrong = deployed.filter((path) => /arn:aws(-[a-z-]+)?:/.test(withoutComments(read(path))));
  expect(wrong).toEqual([
    'lib/private/access/documented-policies.ts',
    'lib/private/access/role-policy.ts',
    'lib/private/props/bucket-arn.ts',
  ]);
});

const withoutTypes = (text: string): string => text.replace(/new RuntimeFunction\(/g, '');
const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
