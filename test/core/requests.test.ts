import fc from 'fast-check';
import { parseBackupRequest } from '../../lambda/core/backup-request';
import { parseRestoreRequest } from '../../lambda/core/restore-request';

const own = { buckets: ['the-vault'] };

test('whatever the input is, it is taken whole or refused as InvalidRequest', () => {
  const input = fc.oneof(
    fc.anything(),
    fc.record(
      {
        bucket: fc.oneof(fc.constant('good-bucket'), fc.anything()),
        sourceBucket: fc.oneof(fc.constant('good-bucket'), fc.anything()),
        versions: fc.oneof(fc.constantFrom('ALL', 'all', 1, 7), fc.anything()),
        items: fc.oneof(fc.array(fc.string()), fc.anything()),
        recoveryPointTags: fc.anything(),
        destinationPrefix: fc.anything(),
        encryption: fc.anything(),
        __proto__: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  );
  for (const parse of [parseBackupRequest, parseRestoreRequest])
    fc.assert(
      fc.property(input, (value) => {
        try {
          parse(value, own);
        } catch (error) {
          expect(error).toMatchObject({ name: 'InvalidRequest' });
          expect((error as Error).message.length).toBeGreaterThan(5);
        }
      }),
      { numRuns: 3_000 },
    );
});

test('defaults of a backup', () => {
  expect(parseBackupRequest({ bucket: 'good-bucket' }, own)).toEqual({
    bucket: 'good-bucket',
    source: 'auto',
    versions: 'ALL',
    metadata: 'EVENTS',
  });
});

test('defaults of a restore', () => {
  expect(parseRestoreRequest({ sourceBucket: 'good-bucket' }, own)).toEqual({
    sourceBucket: 'good-bucket',
    destinationBucket: 'good-bucket',
    createBucket: false,
    destinationPrefix: '',
    onExisting: 'skip',
    versions: 1,
    restoreTags: true,
    restoreAcls: true,
    insistOnAcls: false,
    storageClass: 'STANDARD',
    encryption: { type: 'DESTINATION_DEFAULT' },
    dryRun: false,
  });
});

test('later features that are switched off are no problem', () => {
  expect(() => parseRestoreRequest({ sourceBucket: 'good-bucket', rollback: false }, own)).not.toThrow();
});
