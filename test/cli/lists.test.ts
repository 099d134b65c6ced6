import type { ContinuousPointRecord, JobRecord, RecoveryPointRecord } from '../../lambda/ports/catalog';
import { cli } from './support/fakes';

const jobs: JobRecord[] = [
  {
    jobId: 'job-2',
    type: 'RESTORE',
    bucket: 'photos',
    state: 'FAILED',
    createdAt: '2026-11-22T11:00:00Z',
    completedAt: '2026-11-22T12:01:05Z',
    executionArn: 'arn:2',
    statusMessage: 'AccessDenied: no\nway',
  },
  {
    jobId: 'job-1',
    type: 'BACKUP',
    bucket: 'music',
    state: 'RUNNING',
    createdAt: '2026-11-22T10:00:00Z',
    executionArn: 'arn:1',
    recoveryPointId: 'music/00000000000000000001',
  },
];
const recoveryPoints: RecoveryPointRecord[] = [
  {
    recoveryPointId: 'photos/00000000000000000002',
    bucket: 'photos',
    seq: 2,
    state: 'PARTIAL',
    asOf: '2026-11-22T10:15:00Z',
    createdAt: '2026-11-22T10:15:00Z',
    deleteAt: '2026-12-27T10:15:00Z',
    jobId: 'job-2',
    versions: 'ALL',
    objects: 1234,
    versionCount: 2000,
    bytes: 1536,
  },
];

test('jobs: a table with what became of each', async () => {
  const { exitCode, stdout, listed } = await cli(['jobs'], { jobs });
  expect(exitCode).toBe(0);
  expect(listed).toEqual([{ bucket: undefined, type: undefined, limit: 20 }]);
  expect(stdout).toBe(
    [
      'JOB    TYPE     STATUS   BUCKET  STARTED                  TOOK  RECOVERY POINT OR ERROR',
      'job-2  RESTORE  FAILED   photos  2026-11-22T11:00:00Z  1:01:05  AccessDenied: no way',
      'job-1  BACKUP   RUNNING  music   2026-11-22T10:00:00Z        -  music/00000000000000000001',
    ].join('\n'),
  );
});

test('jobs: bucket, type and limit narrow the list', async () => {
  const { listed, stderr } = await cli(['jobs', 'photos', '--type', 'restore', '--limit', '2'], { jobs, more: true });
  expect(listed).toEqual([{ bucket: 'photos', type: 'RESTORE', limit: 2 }]);
  expect(stderr).toContain('there are more');
});

test('jobs: those of upkeep', async () => {
  const { exitCode, listed } = await cli(['jobs', '--type', 'upkeep'], { jobs });
  expect(exitCode).toBe(0);
  expect(listed).toEqual([{ bucket: undefined, type: 'UPKEEP', limit: 20 }]);
});

test('recovery points: a table with expiry and sizes', async () => {
  const { stdout } = await cli(['recovery-points', 'photos'], { recoveryPoints });
  expect(stdout).toBe(
    [
      'RECOVERY POINT               STATUS   AS OF                 EXPIRES               OBJECTS  VERSIONS     SIZE  JOB',
      'photos/00000000000000000002  PARTIAL  2026-11-22T10:15:00Z  2026-12-27T10:15:00Z    1,234     2,000  1.5 KiB  job-2',
    ].join('\n'),
  );
});

test('what of continuous backup can be restored comes first', async () => {
  const point = (bucket: string): ContinuousPointRecord => ({
    recoveryPointId: `${bucket}/continuous`,
    bucket,
    state: 'AVAILABLE',
    createdAt: '2026-11-01T00:00:00Z',
    earliestRestorable: '2026-11-01T00:00:00Z',
    latestRestorable: '2026-11-22T10:00:00Z',
    reconciledThrough: '2026-11-22T03:00:00Z',
    days: 35,
    seq: 9,
  });
  const continuous = [
    point('photos'),
    { ...point('logs'), state: 'STOPPED' as const, statusMessage: 'a rule is disabled' },
  ];
  const one = await cli(['recovery-points', 'photos'], { continuous });
  expect(one.stdout.split('\n')).toEqual([
    expect.stringMatching(/^CONTINUOUS +STATUS +EARLIEST +LATEST +COMPARED/),
    expect.stringMatching(
      /^photos\/continuous +AVAILABLE +2026-11-01T00:00:00Z +2026-11-22T10:00:00Z +2026-11-22T03:00:00Z/,
    ),
  ]);
  const all = await cli(['recovery-points'], { continuous, recoveryPoints });
  expect(all.stdout).toMatch(/logs\/continuous +STOPPED.*a rule is disabled\n\nRECOVERY POINT/s);
  expect(JSON.parse((await cli(['recovery-points', '--json'], { continuous })).stdout)).toEqual(continuous);
});

test('with --json both are an array of the records, also when it is empty', async () => {
  expect(JSON.parse((await cli(['jobs', '--json'], { jobs })).stdout)).toEqual(jobs);
  expect(JSON.parse((await cli(['recovery-points', '--json'], { recoveryPoints })).stdout)).toEqual(recoveryPoints);
  for (const command of ['jobs', 'recovery-points']) {
    expect(await cli([command, '--json'])).toMatchObject({ exitCode: 0, stdout: '[]' });
    expect(await cli([command, 'photos'])).toMatchObject({ exitCode: 0, stdout: '' });
    expect((await cli([command, 'photos'])).stderr).toMatch(/^no .* of photos in vault my-vault$/);
  }
});
