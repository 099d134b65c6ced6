import { estimateCost } from '../../lambda/core/values/cost';
import { BACKUP_OUTPUT, cli, succeeded, VAULT } from './support/fakes';

const ok = { executions: [{ end: succeeded(BACKUP_OUTPUT) }] };

test('without options the defaults are the workflow’s', async () => {
  const { exitCode, started } = await cli(['backup', 'photos'], ok);
  expect(exitCode).toBe(0);
  expect(started).toEqual([{ arn: VAULT.backupStateMachineArn, input: { bucket: 'photos' } }]);
});

test('each option is a field of the input; values come in any case', async () => {
  const args = ['--source', 'listing', '--versions', 'current', '--metadata', 'full', '--delete-after-days', '35'];
  const { started } = await cli(['backup', 'photos', ...args, '--tag', 'a=b', '--tag', 'c=d=e'], ok);
  expect(started[0]!.input).toEqual({
    bucket: 'photos',
    source: 'listing',
    versions: 'CURRENT',
    metadata: 'FULL',
    deleteAfterDays: 35,
    recoveryPointTags: { a: 'b', c: 'd=e' },
  });
});

test('the outcome names recovery point, counts, requests with their price, and the report', async () => {
  const { stdout } = await cli(['backup', 'photos'], ok);
  expect(stdout).toBe(
    [
      'Backup of photos: COMPLETED',
      '  recovery point  photos/00000000000000000007 (as of 2026-11-22T10:15:00Z)',
      '  shows           all that was written before 2026-11-22T10:15:00Z',
      '  bucket          1,234 objects, 1,300 versions, 5.0 MiB',
      '  versions        1,200 stored, 100 already stored, 1 no longer in the bucket',
      '  skipped         none',
      '  requests        1,202 (GetObject 1,200, ListObjectVersions 2), about $0.0005',
      '  report          s3://vault-bucket/buckets/photos/reports/1/report.json',
      '  job             20261122T101500Z-000000000001',
    ].join('\n'),
  );
});

test.each([
  ['changes', 'captured changes up to 2026-11-22T10:15:00Z; what was written later is not in it'],
  ['inventory', 'an inventory report of 2026-11-22T10:15:00Z; what was written later, or shortly before, may not be'],
])('a recovery point of %s says which instant it shows', async (source, shown) => {
  const output = { ...BACKUP_OUTPUT, source };
  const { stdout } = await cli(['backup', 'photos', '--source', source], { executions: [{ end: succeeded(output) }] });
  expect(stdout).toContain(`  shows           ${shown}`);
});

test('a partial backup is exit 3 and says why versions were skipped', async () => {
  const output = { ...BACKUP_OUTPUT, status: 'PARTIAL', skipped: { 'sse-c': 1, archived: 20, 'new-reason': 2 } };
  const { exitCode, stdout } = await cli(['backup', 'photos'], { executions: [{ end: succeeded(output) }] });
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(/skipped +20 archived \(in an archive storage class.*\n +2 new-reason\n +1 sse-c \(/);
});

test('with --json stdout is the output with its price and execution, and nothing else', async () => {
  const { exitCode, stdout } = await cli(['backup', 'photos', '--json'], ok);
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    ...BACKUP_OUTPUT,
    estimatedCost: estimateCost(BACKUP_OUTPUT.requests),
    executionArn: 'arn:aws:states:execution:0',
  });
});

test('a failed job is exit 1 with its error name and cause', async () => {
  const cause = 'bucket "photos" does not exist: check the name';
  const world = { executions: [{ end: { status: 'FAILED' as const, error: 'BucketNotFound', cause } }] };
  const plain = await cli(['backup', 'photos'], world);
  expect(plain).toMatchObject({ exitCode: 1, stdout: '', stderr: `BucketNotFound: ${cause}` });
  const json = await cli(['backup', 'photos', '--json'], world);
  expect(JSON.parse(json.stdout)).toEqual({
    status: 'FAILED',
    error: 'BucketNotFound',
    cause,
    executionArn: 'arn:aws:states:execution:0',
  });
});

test.each([
  ['ABORTED' as const, 'ExecutionAborted: the backup was stopped'],
  ['TIMED_OUT' as const, 'ExecutionTimedOut: the backup timed out'],
])('an execution that is %s failed too', async (status, text) => {
  const { exitCode, stderr } = await cli(['backup', 'photos'], { executions: [{ end: { status } }] });
  expect(exitCode).toBe(1);
  expect(stderr).toContain(text);
});

test('--no-wait starts and leaves', async () => {
  const world = { executions: [{ end: 'never' as const }] };
  const plain = await cli(['backup', 'photos', '--no-wait'], world);
  expect(plain).toMatchObject({ exitCode: 0, stdout: 'Backup of photos started: arn:aws:states:execution:0' });
  const json = await cli(['backup', 'photos', '--no-wait', '--json'], world);
  expect(JSON.parse(json.stdout)).toEqual({ status: 'RUNNING', executionArn: 'arn:aws:states:execution:0' });
});

test('without a terminal progress is a line for each phase', async () => {
  const progress = [
    { state: 'Prepare' },
    { state: 'Scan: how many?' },
    { state: 'Scan in place' },
    { state: 'BackUpRanges in parallel', units: { done: 3, total: 12 } },
    { state: 'Record failure' },
    {},
  ];
  const { stderr } = await cli(['backup', 'photos'], { executions: [{ progress, end: succeeded(BACKUP_OUTPUT) }] });
  expect(stderr.split('\n')).toEqual([
    'Backing up photos: checking the bucket [0:00]',
    'Backing up photos: listing versions [0:01]',
    'Backing up photos: storing new versions (3 of 12 parts) [0:03]',
  ]);
});

test('whoever may not read the history still gets the outcome', async () => {
  const progress = [new Error('AccessDenied')];
  const outcome = await cli(['backup', 'photos'], { executions: [{ progress, end: succeeded(BACKUP_OUTPUT) }] });
  expect(outcome).toMatchObject({ exitCode: 0, looks: 1 });
});

test('Ctrl-C while waiting leaves the job alone and says how to look at it', async () => {
  const world = { executions: [{ end: 'never' as const }], interruptAt: 3 };
  const plain = await cli(['backup', 'photos'], world);
  expect(plain).toMatchObject({ exitCode: 130, stdout: '' });
  expect(plain.stderr).toContain('the backup continues without this command');
  expect(plain.stderr).toContain('s3-backup --vault vault-bucket jobs photos');
  expect(plain.stderr).toContain('--execution-arn arn:aws:states:execution:0');
  const json = await cli(['backup', 'photos', '--json'], world);
  expect(JSON.parse(json.stdout)).toMatchObject({ status: 'RUNNING', executionArn: 'arn:aws:states:execution:0' });
});

test('an execution that cannot be looked at any more is not said to have failed', async () => {
  const world = { executions: [{ end: new Error('expired') }] };
  const { exitCode, stdout, stderr } = await cli(['backup', 'photos', '--json'], world);
  expect(exitCode).toBe(1);
  expect(stderr).toContain('the backup continues, but its state cannot be read (Error: expired)');
  expect(JSON.parse(stdout)).toMatchObject({ status: 'RUNNING', error: 'ExecutionOutOfSight' });
});
