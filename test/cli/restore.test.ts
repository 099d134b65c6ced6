import { RESTORE_FIELD_OPTIONS } from '../../bin/input/restore';
import { ENCRYPTION_TYPES, ON_EXISTING, restoreDefaults, restoreSchema } from '../../lambda/core/restore/schema';
import { bareCli, cli, PLAN, RESTORE_OUTPUT, succeeded, VAULT, type World } from './support/fakes';

const planned: World = { executions: [{ end: succeeded(PLAN) }, { end: succeeded(RESTORE_OUTPUT) }] };
const asked = (answer: boolean): World => ({ ...planned, interactive: true, answer });

test('a dry run comes first; after a yes what it showed is restored', async () => {
  const { exitCode, stdout, started, questions } = await cli(['restore', 'photos'], asked(true));
  expect(exitCode).toBe(0);
  expect(started).toEqual([
    { arn: VAULT.restoreStateMachineArn, input: { sourceBucket: 'photos', dryRun: true } },
    // Pinned: a newer recovery point is not what was shown.
    { arn: VAULT.restoreStateMachineArn, input: { sourceBucket: 'photos', recoveryPointId: PLAN.recoveryPointId } },
  ]);
  expect(questions).toEqual(['Restore 3 versions and 1 delete marker (2.0 KiB) to photos?']);
  expect(stdout).toBe(
    [
      'Plan: restore photos in place',
      '  recovery point    photos/00000000000000000007 (as of 2026-11-22T10:15:00Z)',
      '  items             the whole bucket',
      '  writes            2 objects with 3 versions and 1 delete marker, 2.0 KiB',
      '  skipped           4 exists (the destination already has an object with this key)',
      '  existing objects  stay unchanged (--on-existing skip)',
      '  requests          3, less than $0.0001',
      '  report            s3://scratch-bucket/reports/photos/2/report.json',
      'Restore of photos in place: COMPLETED',
      '  recovery point  photos/00000000000000000007 (as of 2026-11-22T10:15:00Z)',
      '  restored        3 versions and 1 delete marker, 2.0 KiB',
      '  skipped         4 exists (the destination already has an object with this key)',
      '  verified        every body by its checksum',
      '  requests        3 (PutObject 3), less than $0.0001',
      '  report          s3://scratch-bucket/reports/photos/2/report.json',
      '  job             20261122T111500Z-000000000002',
    ].join('\n'),
  );
});

test('after a no nothing is restored: exit 1', async () => {
  const { exitCode, stderr, started } = await cli(['restore', 'photos'], asked(false));
  expect(exitCode).toBe(1);
  expect(started).toHaveLength(1);
  expect(stderr).toContain('Cancelled: nothing was restored');
});

test('without a terminal somebody has to say --yes beforehand', async () => {
  const silent = await cli(['restore', 'photos'], planned);
  expect(silent).toMatchObject({ exitCode: 2, started: [] });
  expect(silent.stderr).toMatch(/not a terminal, so .*: add --yes to restore, or --dry-run/);
  const sure = await cli(['restore', 'photos', '--yes'], planned);
  expect(sure).toMatchObject({ exitCode: 0, questions: [] });
  expect(sure.started).toHaveLength(2);
});

test('--dry-run shows the plan and stops', async () => {
  const plain = await cli(['restore', 'photos', '--dry-run'], planned);
  expect(plain).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^Plan: restore photos/) });
  expect(plain.started).toHaveLength(1);
  const json = await cli(['restore', 'photos', '--dry-run', '--json'], planned);
  expect(JSON.parse(json.stdout)).toEqual({ ...PLAN, executionArn: 'arn:aws:states:execution:0' });
});

test('with --json stdout is the outcome alone; the plan is on stderr', async () => {
  const { stdout, stderr } = await cli(['restore', 'photos', '--yes', '--json'], planned);
  expect(JSON.parse(stdout)).toEqual({ ...RESTORE_OUTPUT, executionArn: 'arn:aws:states:execution:1' });
  expect(stderr).toContain('Plan: restore photos');
});

test('every field of the input has an option', async () => {
  const { started } = await cli(
    [
      ...['restore', 'photos', '2026/', 'a b.txt', '--item', 'c', '--prefix', 'raw', '--key', 'dir/', '--key', 'e'],
      ...['--items-file', 's3://lists/mine', '--recovery-point', '7', '--to', 'other-bucket', '--create-bucket'],
      ...['--destination-prefix', 'back/', '--on-existing', 'overwrite', '--versions', 'all', '--no-tags', '--acls'],
      ...['--storage-class', 'original', '--encryption', 'SSE_KMS', '--kms-key-id', 'key-1', '--dry-run'],
    ],
    planned,
  );
  expect(started[0]!.input).toEqual({
    sourceBucket: 'photos',
    recoveryPointId: 'photos/00000000000000000007',
    items: ['2026/', 'a b.txt', 'c', { prefix: 'raw' }, { key: 'dir/' }, { key: 'e' }],
    itemsFile: 's3://lists/mine',
    destinationBucket: 'other-bucket',
    createBucket: true,
    destinationPrefix: 'back/',
    onExisting: 'overwrite',
    versions: 'all',
    restoreTags: false,
    restoreAcls: true,
    storageClass: 'ORIGINAL',
    encryption: { type: 'SSE_KMS', kmsKeyId: 'key-1' },
    dryRun: true,
  });
});

test.each([
  [['--no-acls'], { restoreAcls: false }],
  [['--versions', '5'], { versions: 5 }],
  [['--kms-key-id', 'key-1'], { encryption: { type: 'SSE_KMS', kmsKeyId: 'key-1' } }],
  [['--recovery-point', 'latest'], { recoveryPointId: 'latest' }],
  [['--recovery-point', PLAN.recoveryPointId], { recoveryPointId: PLAN.recoveryPointId }],
])('%j', async (args, fields) => {
  const { started } = await cli(['restore', 'photos', '--dry-run', ...args], planned);
  expect(started[0]!.input).toEqual({ sourceBucket: 'photos', dryRun: true, ...fields });
});

test.each([
  [['--create-bucket'], '--create-bucket: requires --to'],
  [['--encryption', 'SSE_S3', '--kms-key-id', 'k'], '--kms-key-id: requires type SSE_KMS'],
  [['--storage-class', 'glacier'], '--storage-class: must be one of "STANDARD", "ORIGINAL"'],
  [['--to', 'vault-bucket'], '--to: "vault-bucket" belongs to the backup vault itself'],
  [['--recovery-point', 'music/00000000000000000001'], '--recovery-point: belongs to bucket "music"'],
  [['--versions', '1001'], '--versions: must be "all" or a whole number from 1 to 1000'],
  [['--items-file', './list'], 'for a local file use --items-from'],
  [['--items-from', 'missing'], '--items-from: "missing" cannot be read: ENOENT'],
  [['--items-from', 'binary'], '--items-from: "binary" must be UTF-8 text'],
  [['--items-from', 'odd'], '--items-from: line 2 must be a key, a JSON string'],
  [['--items-from', 'zero'], '--items-from: line 2 ("b\\u0000") has the character U+0000'],
  [['--items-from', 'empty'], '--items-from: has no items'],
  [['--items-from', 'long'], 'put the items into a file in S3 and use --items-file'],
])('%j is refused before anything is started, in terms of options', async (args, text) => {
  const files = {
    binary: '\xff',
    odd: 'a\n{"both": 1}\n',
    zero: 'a\nb\0\n',
    empty: '\n',
    long: `${'k'.repeat(1000)}\n`.repeat(300),
  };
  const outcome = await cli(['restore', 'photos', '--yes', ...args], { ...planned, files });
  expect(outcome).toMatchObject({ exitCode: 2, started: [] });
  expect(outcome.stderr).toContain(text);
});

test('a local file of items is read as a file in S3 would be', async () => {
  const files = { list: 'docs/\r\na.txt\n"odd\\n"\n{"prefix": "raw"}\n{"key": "dir/"}\n' };
  const { started } = await cli(['restore', 'photos', '--dry-run', '--items-from', 'list'], { ...planned, files });
  expect(started[0]!.input['items']).toEqual([
    { prefix: 'docs/' },
    { key: 'a.txt' },
    { key: 'odd\n' },
    { prefix: 'raw' },
    { key: 'dir/' },
  ]);
});

test('conflicts end it after the plan, as the workflow would', async () => {
  const plan = { ...PLAN, planned: { ...PLAN.planned, conflicts: 2 } };
  const args = ['restore', 'photos', '--on-existing', 'fail', '--yes', '--json'];
  const { exitCode, stdout, started } = await cli(args, { executions: [{ end: succeeded(plan) }] });
  expect(exitCode).toBe(1);
  expect(started).toHaveLength(1);
  expect(JSON.parse(stdout)).toMatchObject({ status: 'FAILED', error: 'DestinationConflict' });
});

test('nobody is asked about a plan that writes nothing', async () => {
  const plan = { ...PLAN, planned: { ...PLAN.planned, objects: 0, versions: 0, markers: 0, bytes: 0 } };
  const world = { executions: [{ end: succeeded(plan) }], interactive: true };
  const plain = await cli(['restore', 'photos'], world);
  expect(plain).toMatchObject({ exitCode: 0, questions: [] });
  expect(plain.stderr).toContain('nothing to restore');
  const json = await cli(['restore', 'photos', '--json'], world);
  expect(JSON.parse(json.stdout)).toMatchObject({ dryRun: true, status: 'COMPLETED' });
});

test('a partial restore is exit 3, a failed one exit 1, an interrupted dry run writes nothing', async () => {
  const partial = { ...RESTORE_OUTPUT, status: 'PARTIAL', failed: 1, verifiedByReading: 1 };
  const outcome = await cli(['restore', 'photos', '--yes'], {
    executions: [{ end: succeeded(PLAN) }, { end: succeeded(partial) }],
  });
  expect(outcome.exitCode).toBe(3);
  expect(outcome.stdout).toMatch(/failed +1 version; see the report/);
  expect(outcome.stdout).toContain('1 read again to verify them');
  const failed = { status: 'FAILED' as const, error: 'RecoveryPointNotFound', cause: 'none' };
  expect((await cli(['restore', 'photos', '--yes'], { executions: [{ end: failed }] })).exitCode).toBe(1);
  const interrupted = await cli(['restore', 'photos', '--yes'], { executions: [{ end: 'never' }], interruptAt: 1 });
  expect(interrupted).toMatchObject({ exitCode: 130, started: [{}] });
  expect(interrupted.stderr).toContain('the dry run continues without this command');
});

test('--no-wait shows the plan, starts the restore and leaves', async () => {
  const { exitCode, stdout, started } = await cli(['restore', 'photos', '--yes', '--no-wait', '--json'], planned);
  expect(exitCode).toBe(0);
  expect(started).toHaveLength(2);
  expect(JSON.parse(stdout)).toEqual({ status: 'RUNNING', executionArn: 'arn:aws:states:execution:1' });
});

test('every field of a restore has an option or an argument, which the help names with its choices', async () => {
  const { stdout } = await bareCli(['restore', '--help']);
  expect(Object.keys(RESTORE_FIELD_OPTIONS)).toEqual(expect.arrayContaining(Object.keys(restoreSchema.shape)));
  const options = Object.values(RESTORE_FIELD_OPTIONS).filter((option) => option.startsWith('--'));
  for (const option of options) expect(stdout).toMatch(new RegExp(`${option}[ ,\n]`));
  for (const value of [...ON_EXISTING, ...ENCRYPTION_TYPES]) expect(stdout).toContain(`"${value}"`);
});

test('the help has the defaults that the fields have', async () => {
  const { stdout } = await bareCli(['restore', '--help']);
  const helpOf = (option: string): string =>
    new RegExp(`${option} <.*?(?=\\s-[-y])`, 's').exec(stdout)![0].replace(/\s+/g, ' ');
  const byDefault = restoreDefaults();
  expect(helpOf('--recovery-point')).toContain(`(default: the ${byDefault.recoveryPointId})`);
  expect(helpOf('--on-existing')).toContain(`"${byDefault.onExisting}" (default)`);
  expect(helpOf('--versions')).toContain(`(default: ${byDefault.versions})`);
  expect(helpOf('--storage-class')).toContain(`(default: ${byDefault.storageClass})`);
  expect(helpOf('--encryption')).toContain(`"${byDefault.encryption.type}" (default)`);
});
