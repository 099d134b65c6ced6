import { version } from '../../package.json';
import { BACKUP_OUTPUT, bareCli, cli, succeeded } from './support/fakes';

const COMMANDS = ['backup', 'restore', 'jobs', 'recovery-points', 'ls', 'versions', 'cat', 'diff'];

beforeEach(() => {
  delete process.env['S3_BACKUP_VAULT'];
});

test('help is asked for: exit 0 and on stdout, with commands, exit codes and examples', async () => {
  for (const args of [['--help'], ['help']]) {
    const { exitCode, stdout, stderr } = await bareCli(args);
    expect([exitCode, stderr]).toEqual([0, '']);
    for (const text of [...COMMANDS, 'Exit codes', 'Examples', 'S3_BACKUP_VAULT']) expect(stdout).toContain(text);
  }
});

test.each(COMMANDS)('help of %s names global options and examples', async (name) => {
  const { exitCode, stdout } = await bareCli([name, '--help']);
  expect(exitCode).toBe(0);
  for (const text of ['--vault', '--json', `$ s3-backup --vault MyStack ${name}`]) expect(stdout).toContain(text);
});

test('the version is an option of its own, not one of commands: there it is a slip for --versions', async () => {
  expect(await bareCli(['--version'])).toMatchObject({ exitCode: 0, stdout: version });
  const slip = await cli(['backup', 'photos', '--version', 'CURRENT']);
  expect(slip).toMatchObject({ exitCode: 2, started: [] });
  expect(slip.stderr).toContain('Did you mean --versions?');
});

test.each([
  [[], 'Usage: s3-backup'],
  [['bakup', 'photos'], 'Did you mean backup?'],
  [['backup'], "missing required argument 'bucket'"],
  [['backup', 'photos', 'music'], 'too many arguments'],
  [['backup', 'photos', '--sourc', 'auto'], 'Did you mean --source?'],
  [['backup', 'photos', '--source', 'events'], 'It must be auto or listing or inventory or changes'],
  [['backup', 'photos', '--delete-after-days', '0'], 'It must be a whole number, 1 or more'],
  [['backup', 'photos', '--delete-after-days', '36501'], '--delete-after-days: must be at most 36500 days'],
  [['backup', 'photos', '--tag', 'novalue'], 'It must be name=value'],
  [['backup', 'UPPER'], '"UPPER" is not a bucket name'],
  [['backup', 'scratch-bucket'], 'belongs to the backup vault itself'],
  [['restore', 'photos', '--versions', 'some', '--yes'], 'It must be a whole number, 1 or more'],
  [['restore', 'photos', '--on-existing', 'replace', '--yes'], 'It must be skip or overwrite or fail'],
  [['jobs', '--type', 'copy'], 'It must be backup or restore or upkeep'],
  [['jobs', '--limit', '-1'], 'It must be a whole number, 1 or more'],
])('%j is a usage error: exit 2, nothing on stdout, nothing started', async (args, text) => {
  const outcome = await cli(args);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '', started: [] });
  expect(outcome.stderr).toContain(text);
});

test('a usage error is one JSON document with --json, wherever it stands', async () => {
  for (const args of [
    ['--json', 'backup'],
    ['backup', '--json'],
    ['backup', 'UPPER', '--json'],
  ]) {
    const { exitCode, stdout } = await cli(args);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stdout)).toEqual({
      status: 'FAILED',
      error: expect.stringMatching(/^(UsageError|InvalidRequest)$/),
      cause: expect.any(String),
    });
  }
});

test('the vault has to be named, by option or variable', async () => {
  const missing = await bareCli(['jobs']);
  expect(missing.exitCode).toBe(2);
  expect(missing.stderr).toMatch(/--vault is missing.*S3_BACKUP_VAULT/);
  process.env['S3_BACKUP_VAULT'] = 'vault-bucket';
  expect((await bareCli(['jobs'])).exitCode).toBe(0);
  const wrong = await bareCli(['jobs', '--vault', 'other']);
  expect(wrong).toMatchObject({ exitCode: 1, listed: [] });
  expect(wrong.stderr).toMatch(
    /^VaultNotFound: found no backup vault "other".*eu-central-1.*\/cdk-s3-backup\/other.*stack other/,
  );
});

test('text of others reaches the terminal without control characters', async () => {
  const executions = [{ end: { status: 'FAILED' as const, error: 'AccessDenied', cause: 'key "\u001b[2Jx"' } }];
  const { stderr } = await cli(['backup', 'photos'], { executions });
  expect(stderr).toContain('AccessDenied: key "\\u001b[2Jx"');
});

test('global options may stand before and behind the command', async () => {
  const world = { executions: [{ end: succeeded(BACKUP_OUTPUT) }] };
  const behind = await bareCli(['backup', 'photos', '--json', '--vault', 'vault-bucket'], world);
  const before = await bareCli(['--json', '--vault', 'vault-bucket', 'backup', 'photos'], world);
  expect(behind).toEqual(before);
  expect(behind.exitCode).toBe(0);
});
