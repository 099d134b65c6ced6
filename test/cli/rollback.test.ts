import { cli, PLAN, RESTORE_OUTPUT, succeeded, VAULT } from './support/fakes';

const AT = '2026-11-22T10:15:00Z';
const doubts = { 'not-reconciled': 1, removal: 3 };
const instant = { recoveryPointId: 'photos/continuous', exact: false, doubts, capturedThrough: AT };
const rolled = { ...PLAN, ...instant, planned: { ...PLAN.planned, markers: 2, deletes: 2 } };
const done = { ...RESTORE_OUTPUT, ...instant, undo: 's3://scratch-bucket/undo/index.json' };
const world = { executions: [{ end: succeeded(rolled) }, { end: succeeded(done) }], interactive: true, answer: true };

test('an instant is restored as it was asked for, and the plan says what is in doubt', async () => {
  const { started, stdout, questions } = await cli(['restore', 'photos', '--at', AT], world);
  expect(started.map(({ input }) => input)).toEqual([
    { sourceBucket: 'photos', pointInTime: AT, dryRun: true },
    { sourceBucket: 'photos', pointInTime: AT },
  ]);
  expect(stdout).toMatch(/exact +no: 3 removal \(a version may already have been permanently deleted/);
  expect(stdout).toMatch(/1 not-reconciled \(no comparison/);
  expect(questions[0]).toMatch(/ The plan is not exact\. Continue\?$/);
});

test('a rollback says what it deletes before it asks, and afterwards how to undo it', async () => {
  const { started, stdout, questions } = await cli(['restore', 'photos', '--at', AT, '--rollback'], world);
  expect(started[1]).toEqual({
    arn: VAULT.restoreStateMachineArn,
    input: { sourceBucket: 'photos', pointInTime: AT, rollback: true },
  });
  expect(stdout).toContain(`Plan: roll photos back to ${AT}`);
  expect(stdout).toMatch(/deletes +2 objects, by adding delete markers/);
  expect(questions).toEqual([
    `Roll photos back to ${AT}: this writes 3 versions (2.0 KiB) on top and deletes 2 objects by adding delete markers. The plan is not exact. Continue?`,
  ]);
  expect(stdout).toMatch(/undo +--undo 20261122T111500Z-000000000002/);
});

test('a rollback that may remove delete markers says so before it asks, and afterwards what came of it', async () => {
  const executions = [
    { end: succeeded({ ...rolled, planned: { ...rolled.planned, versions: 3, uncovered: 2 } }) },
    { end: succeeded({ ...done, uncovered: 1, keptMarkers: { overwritten: 1 } }) },
  ];
  const args = ['restore', 'photos', '--at', AT, '--rollback', '--remove-markers'];
  const { started, stdout, questions } = await cli(args, { ...world, executions });
  expect(started.map(({ input }) => input)).toEqual([
    { sourceBucket: 'photos', pointInTime: AT, rollback: true, removeMarkers: true, dryRun: true },
    { sourceBucket: 'photos', pointInTime: AT, rollback: true, removeMarkers: true },
  ]);
  expect(stdout).toMatch(/comes back +2 of these objects, by removing delete markers/);
  expect(stdout).toMatch(/existing objects .*only delete markers are permanently deleted/);
  expect(questions[0]).toContain('this writes 1 version (2.0 KiB) on top');
  expect(questions[0]).toContain('It permanently removes the delete markers of 2 objects.');
  expect(stdout).toMatch(/came back +1 of these versions, by removing delete markers; markers kept: 1 overwritten/);
});

test('a rollback to a recovery point is pinned to that of the plan', async () => {
  const executions = [{ end: succeeded(PLAN) }, { end: succeeded(RESTORE_OUTPUT) }];
  const { started } = await cli(['restore', 'photos', '--rollback', '--yes'], { executions });
  expect(started[1]?.input).toEqual({ sourceBucket: 'photos', rollback: true, recoveryPointId: PLAN.recoveryPointId });
});

test('an undo names its job only', async () => {
  const { started, questions, stdout } = await cli(['restore', 'photos', '--undo', 'job-1'], world);
  expect(stdout).toContain('the changes that job job-1 made to return to photos/continuous');
  expect(started[1]?.input).toEqual({ sourceBucket: 'photos', undo: 'job-1' });
  expect(questions[0]).toMatch(/^Undo rollback job-1 of photos: this writes 3 versions/);
});

test('an undo is told how to write', async () => {
  const args = ['--undo', 'job-1', '--kms-key-id', 'key', '--storage-class', 'standard_ia', '--no-tags', '--no-acls'];
  const { started } = await cli(['restore', 'photos', '--yes', ...args], world);
  expect(started[1]?.input).toEqual({
    ...{ sourceBucket: 'photos', undo: 'job-1', restoreTags: false, restoreAcls: false, storageClass: 'STANDARD_IA' },
    encryption: { type: 'SSE_KMS', kmsKeyId: 'key' },
  });
});

test('a rollback says what no undo brings back, before it asks', async () => {
  const planned = { ...rolled.planned, notUndoable: { archived: 3, 'sse-c': 1 } };
  const executions = [{ end: succeeded({ ...rolled, planned }) }, { end: succeeded(done) }];
  const { stdout, questions } = await cli(['restore', 'photos', '--at', AT, '--rollback'], { ...world, executions });
  expect(stdout).toMatch(/a later undo +cannot bring back 3 objects in an archive storage class/);
  expect(stdout).toContain('cannot bring back 1 object under a customer-provided key');
  expect(questions[0]).toContain(' A later undo cannot bring back 4 objects; each stays as a noncurrent version.');
});

test('an undo says what has to be thawed, before it asks', async () => {
  const planned = { ...rolled.planned, archived: 2 };
  const executions = [{ end: succeeded({ ...rolled, planned }) }, { end: succeeded(done) }];
  const { stdout, questions } = await cli(['restore', 'photos', '--undo', 'job-1'], { ...world, executions });
  expect(stdout).toMatch(/archived +2 versions to thaw before this undo/);
  expect(questions[0]).toContain(' S3 does not copy 2 versions before they are thawed.');
});

test.each(['--at', '--point-in-time'])(
  '%s takes an instant with another offset, and means the same one',
  async (option) => {
    const { started } = await cli(['restore', 'photos', option, '2026-11-22T11:15:00+01:00', '--dry-run'], world);
    expect(started[0]?.input).toEqual({ sourceBucket: 'photos', pointInTime: AT, dryRun: true });
  },
);

test.each([
  [['--at', AT, '--point-in-time', AT], "'--point-in-time <instant>' cannot be used with option '--at <instant>'"],
  [['--at', 'yesterday'], '--at: must be an instant in UTC with whole seconds'],
  [['--at', AT, '--recovery-point', '7'], '--at: cannot be combined with'],
  [['--rollback', '--to', 'other-bucket'], '--to: must be the source bucket with'],
  [['--rollback', '--on-existing', 'skip'], '--on-existing: '],
  [['--undo', 'job-1', '--at', AT], '--undo: cannot be combined with'],
  [['--remove-markers', '--at', AT], '--remove-markers: requires'],
  [['--undo', 'job-1', '--remove-markers'], '--undo: cannot be combined with'],
])('%j is refused before anything is started', async (args, text) => {
  const outcome = await cli(['restore', 'photos', '--yes', ...args], world);
  expect(outcome).toMatchObject({ exitCode: 2, started: [] });
  expect(outcome.stderr).toContain(text);
});
