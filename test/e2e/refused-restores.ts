import { ErrorName } from '../../lambda/contract/errors';
import { SampleBucket } from '../../local/buckets/sample';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const destinations = {
  unversioned: 'e2e-to-unversioned',
  suspended: 'e2e-to-suspended',
  occupied: 'e2e-to-occupied',
  withoutAcls: 'e2e-to-without-acls',
} as const;

interface Refusal {
  readonly title: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly error: string;
  readonly cause: RegExp;
}

const invalid = (title: string, input: Refusal['input'], cause: RegExp): Refusal => ({
  title,
  input,
  error: ErrorName.invalidRequest,
  cause,
});

const refusals: readonly Refusal[] = [
  invalid('no source', { sourceBucket: undefined }, /sourceBucket/),
  invalid('wrong types', { items: 'photos/', dryRun: 'yes', versions: '3' }, /items.*versions.*dryRun/s),
  invalid('unknown field', { destination: 'x' }, /destination/),
  invalid('an instant that is none', { pointInTime: 'yesterday' }, /pointInTime.*whole seconds/),
  invalid('a rollback that keeps what exists', { rollback: true, onExisting: 'skip' }, /onExisting.*rollback/),
  invalid(
    'an undo of an unknown job',
    { undo: 'job', destinationBucket: undefined },
    /undo.*nothing that can be undone/,
  ),
  invalid('a new bucket without a name', { createBucket: true }, /createBucket.*destinationBucket/),
  invalid(
    'a key without a type of encryption for it',
    { encryption: { type: 'SSE_S3', kmsKeyId: 'k' } },
    /kmsKeyId.*SSE_KMS/,
  ),
  invalid(
    'a recovery point of another bucket',
    { recoveryPointId: `other/${'1'.padStart(20, '0')}` },
    /recoveryPointId.*other/,
  ),
  invalid('no recovery point ID', { recoveryPointId: 'yesterday' }, /recoveryPointId.*yesterday/),
  invalid(
    'an items file that is missing',
    { itemsFile: 's3://e2e-to-occupied/nothing' },
    /itemsFile.*e2e-to-occupied\/nothing/,
  ),
  {
    title: 'a bucket without recovery points',
    input: { sourceBucket: 'e2e-never-backed-up' },
    error: ErrorName.recoveryPointNotFound,
    cause: /e2e-never-backed-up.*no recovery point/,
  },
  {
    title: 'a recovery point that does not exist',
    input: { recoveryPointId: `${Bucket.sample}/${'777'.padStart(20, '0')}` },
    error: ErrorName.recoveryPointNotFound,
    cause: /00000000000000000777.*does not exist/,
  },
  {
    title: 'a destination that does not exist',
    input: { destinationBucket: 'e2e-to-nowhere' },
    error: ErrorName.bucketNotFound,
    cause: /e2e-to-nowhere/,
  },
  {
    title: 'a destination of another account',
    input: { destinationBucket: 'e2e-to-foreign' },
    error: ErrorName.accessDenied,
    cause: /e2e-to-foreign/,
  },
  {
    title: 'a destination that was never versioned',
    input: { destinationBucket: destinations.unversioned },
    error: ErrorName.destinationNotVersioned,
    cause: /e2e-to-unversioned.*Disabled/,
  },
  {
    title: 'a destination whose versioning is suspended',
    input: { destinationBucket: destinations.suspended },
    error: ErrorName.destinationNotVersioned,
    cause: /e2e-to-suspended.*Suspended/,
  },
  {
    title: 'a new bucket that exists and has objects',
    input: { destinationBucket: destinations.occupied, createBucket: true },
    error: ErrorName.destinationNotEmpty,
    cause: /e2e-to-occupied.*createBucket/,
  },
  {
    title: 'objects that exist, with onExisting: fail',
    input: { destinationBucket: destinations.occupied, onExisting: 'fail' },
    error: ErrorName.destinationConflict,
    cause: /1 .*e2e-to-occupied.*nothing was written.*s3:\/\//s,
  },
  {
    title: 'ACLs that were asked for, and a destination without',
    input: { destinationBucket: destinations.withoutAcls, restoreAcls: true },
    error: ErrorName.destinationAclsDisabled,
    cause: /e2e-to-without-acls.*ACLs disabled/s,
  },
];

export function refusedRestores(world: () => E2eWorld): void {
  describe('a restore is refused before anything is written', () => {
    beforeAll(async () => {
      await world().sample();
      const { unversioned, suspended, occupied, withoutAcls } = destinations;
      const buckets = [
        await SampleBucket.create(world().engine, { name: unversioned }),
        await world().newBucket({ name: suspended }),
        await world().newBucket({ name: occupied, ownership: 'BucketOwnerPreferred' }),
        await world().newBucket({ name: withoutAcls }),
      ];
      await buckets[1]?.setVersioning('Suspended');
      // A key that the recovery point has too.
      await buckets[2]?.put('sizes/1', { body: 'in the way' });
      await world().foreignBucket('e2e-to-foreign');
      for (const bucket of buckets) bucket.destroy();
    });

    test.each(refusals)('$title: $error', async ({ input, error, cause }) => {
      const { main } = world();
      const { destinationBucket = Bucket.sample } = input as { destinationBucket?: string };
      const versions = () => world().countVersions(destinationBucket);
      const before = { files: await main.files(), versions: await versions() };
      expect(await main.restores.run({ sourceBucket: Bucket.sample, ...input })).toMatchObject({
        status: 'FAILED',
        error,
        cause: expect.stringMatching(cause) as string,
      });
      expect({ files: await main.files(), versions: await versions() }).toEqual(before);
    });

    test.each(['vault', 'scratch'] as const)('to the %s bucket', async (name) => {
      const { main } = world();
      const input = { sourceBucket: Bucket.sample, destinationBucket: main.names[name] };
      const { error, cause } = await main.restores.run(input);
      expect(error).toBe(ErrorName.invalidRequest);
      expect(cause).toContain('belongs to the backup vault itself');
    });

    test('unless ACLs were not asked for: then they are left out, counted, and the job is PARTIAL', async () => {
      const output = await world().main.restores.succeed({
        sourceBucket: Bucket.sample,
        destinationBucket: destinations.withoutAcls,
        items: ['documents/', 'photos/'],
      });
      expect(output).toMatchObject({
        status: 'PARTIAL',
        failed: 0,
        skipped: { 'acls-disabled': expect.any(Number) as number },
      });
    });
  });
}
