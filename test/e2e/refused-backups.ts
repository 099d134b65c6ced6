import { ErrorName } from '../../lambda/contract/errors';
import { SampleBucket } from '../../local/buckets/sample';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

interface Refusal {
  readonly title: string;
  readonly input: unknown;
  readonly error: string;
  readonly cause: RegExp;
}

const invalid = (title: string, input: unknown, cause: RegExp): Refusal => ({
  title,
  input,
  error: ErrorName.invalidRequest,
  cause,
});

const refusals: readonly Refusal[] = [
  invalid('no object', 'e2e-plain', /input.*object/i),
  invalid('no object', [], /object/i),
  invalid('nothing', null, /object/i),
  invalid('no bucket', {}, /bucket/),
  invalid('wrong type', { bucket: 5 }, /bucket.*string/),
  invalid('unknown field', { bucket: Bucket.plain, bukket: 'x' }, /bukket/),
  invalid('a name that no bucket has', { bucket: 'Not_A_Bucket' }, /bucket.*Not_A_Bucket/),
  {
    title: 'an inventory that has no report yet',
    input: { bucket: Bucket.plain, source: 'inventory' },
    error: ErrorName.noInventory,
    cause: /e2e-plain.*within 48 hours/,
  },
  invalid(
    'current versions of what was captured',
    { bucket: Bucket.plain, source: 'changes', versions: 'CURRENT' },
    /versions: must be ALL/,
  ),
  {
    title: 'what was captured of a bucket without continuous backup',
    input: { bucket: Bucket.plain, source: 'changes' },
    error: ErrorName.changesIncomplete,
    cause: /e2e-plain.*no continuous backup/,
  },
  invalid('retention of half a day', { bucket: Bucket.plain, deleteAfterDays: 0.5 }, /deleteAfterDays/),
  invalid(
    'every problem at once',
    { bucket: 5, versions: 'SOME', metadata: true, deleteAfterDays: -1 },
    /bucket.*versions.*metadata.*deleteAfterDays/s,
  ),
  {
    title: 'a bucket that does not exist',
    input: { bucket: Bucket.missing },
    error: ErrorName.bucketNotFound,
    cause: /e2e-missing.*does not exist/,
  },
  {
    title: 'a bucket that does not exist and that no plan selects',
    input: { bucket: 'e2e-no-such-bucket' },
    error: ErrorName.bucketNotFound,
    cause: /e2e-no-such-bucket/,
  },
  {
    title: 'a bucket that was never versioned',
    input: { bucket: Bucket.unversioned },
    error: ErrorName.versioningNotEnabled,
    cause: /e2e-unversioned.*Disabled.*PutBucketVersioning/,
  },
  {
    title: 'a bucket whose versioning is suspended',
    input: { bucket: Bucket.suspended },
    error: ErrorName.versioningNotEnabled,
    cause: /e2e-suspended.*Suspended.*PutBucketVersioning/,
  },
  {
    title: 'a bucket of another account',
    input: { bucket: Bucket.foreign },
    error: ErrorName.accessDenied,
    cause: /e2e-foreign.*000000000000/,
  },
  {
    title: 'a bucket that no plan selects',
    input: { bucket: Bucket.unselected },
    error: ErrorName.accessDenied,
    cause: /e2e-unselected.*selected in a plan/,
  },
];

export function refusedBackups(world: () => E2eWorld): void {
  describe('a backup is refused before anything is written', () => {
    beforeAll(async () => {
      const { engine } = world();
      const unversioned = await SampleBucket.create(engine, { name: Bucket.unversioned });
      await unversioned.put('a');
      const suspended = await world().newBucket({ name: Bucket.suspended });
      await suspended.put('a');
      await suspended.setVersioning('Suspended');
      const unselected = await world().newBucket({ name: Bucket.unselected });
      await unselected.put('a');
      await world().foreignBucket(Bucket.foreign);
      for (const bucket of [unversioned, suspended, unselected]) bucket.destroy();
    });

    test.each(refusals)('$title: $error', async ({ input, error, cause }) => {
      const { main } = world();
      const before = await main.files();
      expect(await main.backups.run(input)).toMatchObject({
        status: 'FAILED',
        error,
        cause: expect.stringMatching(cause) as string,
      });
      expect(await main.files()).toEqual(before);
    });

    test.each(['vault', 'scratch'] as const)('the %s bucket itself', async (name) => {
      const { main } = world();
      const { error, cause } = await main.backups.run({ bucket: main.names[name] });
      expect(error).toBe(ErrorName.invalidRequest);
      expect(cause).toContain('belongs to the backup vault itself');
    });

    test('the record of the job says why', async () => {
      const [record] = await world().records(Bucket.suspended, 'JOB#');
      expect(record).toMatchObject({
        type: 'BACKUP',
        state: 'FAILED',
        statusMessage: expect.stringMatching(/^VersioningNotEnabled: .*Suspended/) as string,
        completedAt: expect.any(String) as string,
      });
    });
  });
}
