import { StoreError } from '../../../lambda/ports/object-store';
import { Rig, SCRATCH, VAULT } from '../support/rig';

/** Everything in all buckets, so that a test can say that nothing was written. */
const everything = (rig: Rig): string =>
  JSON.stringify(
    [VAULT, SCRATCH, 'src', 'dst'].map((bucket) => rig.s3.versions(bucket).map((version) => version.versionId)),
  );

function rigWithBuckets(): Rig {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  rig.s3.put('src', 'k', 'x');
  rig.s3.advance(1);
  return rig;
}

describe('a backup is refused before anything is written', () => {
  test.each<[string, unknown, RegExp]>([
    ['no object', 'src', /input: must be an object, got "src"/],
    ['nothing', {}, /bucket: is required/],
    [
      'types',
      { bucket: 3, versions: 'SOME', deleteAfterDays: 0 },
      /bucket: must be a string, got 3.*versions: must be one of "ALL", "CURRENT", got "SOME".*deleteAfterDays: must be at least 1 day, got 0/,
    ],
    ['unknown fields', { bucket: 'src', Bucket: 'src', nope: 1 }, /unknown field "Bucket", "nope"/],
    ['current versions of what was captured', { bucket: 'src', source: 'changes', versions: 'CURRENT' }, /must be ALL/],
    ['an ARN', { bucket: 'arn:aws:s3:::src' }, /is an ARN: use the name/],
    ['a directory bucket', { bucket: 'fast--use1-az4--x-s3' }, /directory bucket/],
    ['the vault itself', { bucket: VAULT }, /belongs to the backup vault itself/],
    ['the scratch bucket', { bucket: SCRATCH }, /belongs to the backup vault itself/],
    [
      'bad times',
      {
        bucket: 'src',
        scheduled: {
          plan: 'p',
          rule: 'r',
          scheduledTime: 'now',
          startBy: '2026-01-01T00:00:00Z',
          completeBy: '2026-01-01T00:00:00Z',
        },
      },
      /scheduled.scheduledTime: must be an instant in UTC/,
    ],
  ])('%s', async (_, input, message) => {
    const rig = rigWithBuckets();
    const before = everything(rig);
    const error: unknown = await rig.backup(input).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'InvalidRequest', message: expect.stringMatching(message) as string });
    expect(everything(rig)).toBe(before);
    expect((await rig.catalog.listRecoveryPoints({})).items).toEqual([]);
  });

  test.each<[string, string, (rig: Rig) => void]>([
    ['BucketNotFound', 'missing', () => undefined],
    ['AccessDenied', 'foreign', (rig) => rig.s3.createBucket('foreign', { account: '222222222222' })],
    ['RegionMismatch', 'far', (rig) => rig.s3.createBucket('far', { region: 'eu-west-1' })],
    ['VersioningNotEnabled', 'plain', (rig) => rig.s3.createBucket('plain', { versioning: 'Disabled' })],
    ['VersioningNotEnabled', 'paused', (rig) => rig.s3.createBucket('paused', { versioning: 'Suspended' })],
  ])('%s: %s', async (name, bucket, setUp) => {
    const rig = rigWithBuckets();
    setUp(rig);
    const before = everything(rig);
    await expect(rig.backup({ bucket })).rejects.toMatchObject({
      name,
      message: expect.stringContaining(`"${bucket}"`) as string,
    });
    expect(everything(rig)).toBe(before);
    expect((await rig.catalog.listJobs({ bucket })).items).toMatchObject([
      { state: 'FAILED', statusMessage: expect.stringContaining(name) as string },
    ]);
    expect(await rig.catalog.getLock(bucket)).toBeUndefined();
  });

  test('the bucket of another vault', async () => {
    const rig = rigWithBuckets();
    rig.s3.put('src', 'vault.json', '{"format":1}\n');
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({
      name: 'InvalidRequest',
      message: expect.stringMatching(
        /^bucket: "src" is the bucket of a backup vault .*; if it is not a vault, rename that object/,
      ) as string,
    });
    expect((await rig.catalog.listJobs({ bucket: 'src' })).items).toMatchObject([{ state: 'FAILED' }]);
    expect(await rig.catalog.getLock('src')).toBeUndefined();
    expect(rig.s3.versions(VAULT).map(({ key }) => key)).toEqual(['vault.json']);
  });

  test('a bucket whose vault.json may not be read', async () => {
    const rig = rigWithBuckets();
    rig.s3.put('src', 'vault.json', '{"vault":"none"}');
    rig.source.calls.beforeCall = ({ operation, key }) => {
      if (operation === 'GetObject' && key === 'vault.json') throw new StoreError('access-denied', 'no');
    };
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'InvalidRequest' });
  });

  test.each<[string, { storageClass?: string }]>([
    ['{"secrets":[]} of an app', {}],
    ['{"vault":"none"}', {}],
    ['{"format":"A4"}\n', {}],
    ['{"format":1}\n\n\n', {}],
    ['{"format":1}\n', { storageClass: 'GLACIER' }],
  ])('but a file of somebody that reads %j %j is only named like the one of a vault', async (text, options) => {
    const rig = rigWithBuckets();
    rig.s3.put('src', 'vault.json', text, options);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ objects: 2 });
  });

  test('a vault of a newer format is not touched', async () => {
    const rig = rigWithBuckets();
    rig.s3.put(VAULT, 'vault.json', '{"format":2}');
    await expect(rig.backup({ bucket: 'src' })).rejects.toMatchObject({ name: 'VaultFormatTooNew' });
  });
});

describe('a restore is refused before anything is written', () => {
  test.each<[string, object, string, RegExp]>([
    ['unknown fields', { destination: 'x' }, 'InvalidRequest', /unknown field "destination"/],
    [
      'an undo of a job that wrote nothing',
      { undo: 'job', destinationBucket: undefined },
      'InvalidRequest',
      /undo: job "job" of bucket ".*" wrote nothing that can be undone/,
    ],
    [
      'wrong types',
      { items: 'a', dryRun: 'yes', versions: 1.5 },
      'InvalidRequest',
      /items: must be an array, got "a".*dryRun: must be a boolean, got "yes"/,
    ],
    [
      'versions out of range',
      { versions: 1001 },
      'InvalidRequest',
      /versions: must be "all" or a whole number from 1 to 1000, got 1001/,
    ],
    ['versions of no sense', { versions: 0 }, 'InvalidRequest', /versions/],
    ['no items', { items: [] }, 'InvalidRequest', /items/],
    ['an empty item', { items: [''] }, 'InvalidRequest', /items\.0/],
    [
      'createBucket alone',
      { destinationBucket: undefined, createBucket: true },
      'InvalidRequest',
      /createBucket: requires destinationBucket/,
    ],
    [
      'a foreign recovery point',
      { recoveryPointId: 'other/00000000000000000001' },
      'InvalidRequest',
      /belongs to bucket "other"/,
    ],
    [
      'a malformed recovery point',
      { recoveryPointId: 'src/1' },
      'InvalidRequest',
      /must be "latest" or <bucket>\/<20 digits>/,
    ],
    [
      'a missing recovery point',
      { recoveryPointId: 'src/00000000000000000009' },
      'RecoveryPointNotFound',
      /does not exist/,
    ],
    ['a bucket that was never backed up', { sourceBucket: 'never' }, 'RecoveryPointNotFound', /has no recovery point/],
    ['a missing destination', { destinationBucket: 'missing' }, 'BucketNotFound', /"missing" does not exist/],
    ['a foreign destination', { destinationBucket: 'foreign' }, 'AccessDenied', /"foreign"/],
    ['another Region', { destinationBucket: 'far' }, 'RegionMismatch', /eu-west-1/],
    ['an unversioned destination', { destinationBucket: 'plain' }, 'DestinationNotVersioned', /"plain"/],
    [
      'a new bucket that has objects',
      { destinationBucket: 'src2', createBucket: true },
      'DestinationNotEmpty',
      /"src2"/,
    ],
    ['the vault', { destinationBucket: VAULT }, 'InvalidRequest', /belongs to the backup vault/],
    [
      'another vault',
      { destinationBucket: 'second' },
      'InvalidRequest',
      /destinationBucket: "second" is the bucket of a backup vault/,
    ],
    [
      'a KMS key without KMS',
      { encryption: { type: 'SSE_S3', kmsKeyId: 'k' } },
      'InvalidRequest',
      /kmsKeyId: requires type SSE_KMS/,
    ],
    ['half a character', { items: ['\ud800'] }, 'InvalidRequest', /surrogate/],
  ])('%s', async (_, input, name, message) => {
    const rig = rigWithBuckets();
    await rig.backup({ bucket: 'src' });
    rig.s3.createBucket('foreign', { account: '222222222222' });
    rig.s3.createBucket('far', { region: 'eu-west-1' });
    rig.s3.createBucket('plain', { versioning: 'Disabled' });
    rig.s3.createBucket('second');
    rig.s3.put('second', 'vault.json', '{"format":1}\n');
    rig.s3.createBucket('src2');
    rig.s3.put('src2', 'k', 'x');
    const before = everything(rig);
    const error: unknown = await rig
      .restore({ sourceBucket: 'src', destinationBucket: 'dst', ...input })
      .catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) as string });
    expect(everything(rig)).toBe(before);
  });

  test('more than one version of a recovery point with current versions only', async () => {
    const rig = rigWithBuckets();
    await rig.backup({ bucket: 'src', versions: 'CURRENT' });
    await expect(rig.restore({ sourceBucket: 'src', versions: 'all' })).rejects.toMatchObject({
      name: 'InvalidRequest',
    });
  });

  test('a damaged manifest or segment is never restored from', async () => {
    for (const [what, name] of [
      ['timeline', 'VaultDamaged'],
      ['segments', 'VaultDamaged'],
    ] as const) {
      const rig = rigWithBuckets();
      await rig.backup({ bucket: 'src' });
      for (const key of rig.s3.keys(VAULT, `buckets/src/${what}/`)) rig.s3.corrupt(VAULT, key);
      await expect(rig.restore({ sourceBucket: 'src', destinationBucket: 'dst' })).rejects.toMatchObject({ name });
      expect(rig.s3.keys('dst')).toEqual([]);
    }
  });
});

describe('windows of a scheduled job', () => {
  const scheduled = (rig: Rig, start: number, complete: number) => {
    const at = (seconds: number): string => new Date((rig.s3.now + seconds) * 1000).toISOString();
    return { plan: 'p', rule: 'r', scheduledTime: at(0), startBy: at(start), completeBy: at(complete) };
  };

  test('a job that cannot start within its start window is EXPIRED', async () => {
    const rig = rigWithBuckets();
    const input = { bucket: 'src', scheduled: scheduled(rig, 60, 120) };
    rig.s3.advance(61);
    await expect(rig.backup(input)).rejects.toMatchObject({ name: 'StartWindowExceeded' });
    expect((await rig.catalog.listJobs({ bucket: 'src' })).items[0]?.state).toBe('EXPIRED');
    expect(await rig.catalog.getLock('src')).toBeUndefined();
  });

  test('a job that finds the bucket busy waits as PENDING', async () => {
    const rig = rigWithBuckets();
    await rig.catalog.takeLock({ bucket: 'src', jobId: 'other', executionArn: 'arn:other' });
    rig.executions.running.add('arn:other');
    await expect(rig.backup({ bucket: 'src', scheduled: scheduled(rig, 60, 120) })).rejects.toThrow('has to wait');
    expect(rig.events.published.at(-2)?.detail).toMatchObject({ state: 'PENDING' });
  });

  test('a job that does not end within its completion window commits nothing', async () => {
    const rig = rigWithBuckets();
    rig.source.calls.afterCall = ({ operation }) => {
      if (operation === 'GetObject') rig.s3.advance(500);
    };
    await expect(rig.backup({ bucket: 'src', scheduled: scheduled(rig, 60, 120) })).rejects.toMatchObject({
      name: 'CompletionWindowExceeded',
    });
    expect(rig.s3.keys(VAULT, 'buckets/src/timeline/')).toEqual([]);
  });
});
