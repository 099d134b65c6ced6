import { ESLint } from 'eslint';
import { execFileSync } from 'node:child_process';
import tseslint from 'typescript-eslint';
import { SCHEMA } from '../../lambda/core/history/files/segment-columns';
import exceptions from '../../scripts/complexity-exceptions.json';
import { root } from './sources';

/** As the list was when the rule came. It only gets shorter, and its numbers only smaller: a new function is written otherwise. */
const ALLOWED: Readonly<Record<string, string>> = {
  'lambda/core/history/row-columns.ts ColumnRow.constructor': '9 and 2 a column',
  'lambda/core/scan/unchanged.ts isSame': '28',
  'lambda/adapters/aws/s3/bucket-settings.ts inventoryOf': '20',
};

interface Exception {
  readonly file: string;
  readonly function: string;
  readonly complexity: number;
  /** More for each column of a segment that a row may lack. */
  readonly perColumn?: number;
  readonly since: string;
  readonly reason: string;
}
const EXCEPTIONS: readonly Exception[] = exceptions;

const optional = SCHEMA.filter(({ repetition_type }) => repetition_type === 'OPTIONAL').length;
const allowance = ({ complexity, perColumn = 0 }: Exception): number => complexity + perColumn * optional;

test('the list of functions with many paths only shrinks', () => {
  // Equal, so that what has left the list is forgotten here too, and cannot come back.
  const listed = EXCEPTIONS.map(({ complexity, perColumn, ...one }) => [
    `${one.file} ${one.function}`,
    `${String(complexity)}${perColumn === undefined ? '' : ` and ${String(perColumn)} a column`}`,
  ]);
  expect(Object.fromEntries(listed)).toEqual(ALLOWED);
});

test('an exception is dated, has a reason, and is needed', async () => {
  const eslint = new ESLint({
    overrideConfigFile: true,
    overrideConfig: {
      files: ['**/*.ts'],
      languageOptions: { parser: tseslint.parser },
      rules: { complexity: ['error', 15] },
    },
  });
  for (const exception of EXCEPTIONS) {
    const { file, since, reason } = exception;
    expect(since).toMatch(/^\d{4}-\d{2}-\d{2}$/);
    expect(reason).not.toBe('');
    const [result] = await eslint.lintFiles(file);
    const found = (result?.messages ?? []).filter(({ ruleId }) => ruleId === 'complexity');
    // The rule of a file with an exception is that of the exception: it must have no second one.
    expect({ file, found: found.map(({ message }) => /complexity of (\d+)/.exec(message)?.[1]) }).toEqual({
      file,
      found: [String(allowance(exception))],
    });
  }
});

test('the lint allows as much as the columns of the history need', () => {
  const script = `import { exceptions } from './scripts/complexity.mjs'; console.log(JSON.stringify(exceptions))`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: root });
  const used = JSON.parse(printed.toString('utf8')) as Exception[];
  expect(used.map(({ file, complexity }) => ({ file, complexity }))).toEqual(
    EXCEPTIONS.map((exception) => ({ file: exception.file, complexity: allowance(exception) })),
  );
});
