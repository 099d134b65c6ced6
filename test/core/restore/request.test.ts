import fc from 'fast-check';
import { parseRestoreRequest } from '../../../lambda/core/restore/request';
import { anyRequest, own, problemsOf } from '../../support/requests';

test('whatever the input is, it is taken whole or refused as InvalidRequest', () => {
  fc.assert(
    fc.property(anyRequest, (value) => {
      try {
        parseRestoreRequest(value, own);
      } catch (error) {
        expect(error).toMatchObject({ name: 'InvalidRequest' });
        expect((error as Error).message.length).toBeGreaterThan(5);
      }
    }),
    { numRuns: 3_000 },
  );
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
    insistOnEncryption: false,
    dryRun: false,
    rollback: false,
    removeMarkers: false,
  });
});

test('a rollback that is switched off is no problem', () => {
  expect(() => parseRestoreRequest({ sourceBucket: 'good-bucket', rollback: false }, own)).not.toThrow();
});

describe('every problem is named at once', () => {
  test('contradictions of a restore beside fields of wrong types', () => {
    const input = {
      sourceBucket: 'good-bucket',
      recoveryPointId: 'other-bucket/00000000000000000001',
      pointInTime: '2026-11-22T10:15:00Z',
      rollback: true,
      versions: 3,
      onExisting: 'skip',
      createBucket: true,
      destinationPrefix: '\ud800'.padStart(1100, 'a'),
      encryption: { type: 'SSE_S3', kmsKeyId: 'key' },
      itemsFile: 'bucket/key',
      restoreTags: 'yes',
      surprise: 1,
    };
    expect(problemsOf(parseRestoreRequest, input).map((problem) => problem.slice(0, 44))).toEqual([
      expect.stringContaining('aaaa') as string,
      'createBucket: requires destinationBucket, th',
      'destinationPrefix: has 1102 bytes, but a key',
      expect.stringContaining('destinationPrefix: must be empty with') as string,
      'encryption.kmsKeyId: requires type SSE_KMS, ',
      'itemsFile: must be s3://bucket/key, got "buc',
      'onExisting: must be "overwrite" with rollbac',
      'pointInTime: cannot be combined with recover',
      'recoveryPointId: belongs to bucket "other-bu',
      'restoreTags: must be a boolean, got "yes"',
      'unknown field "surprise"',
      'versions: must be 1 with rollback, got 3',
    ]);
  });

  test('no contradiction is made of a field that is wrong itself', () => {
    const input = { sourceBucket: 'the-vault', destinationBucket: 7, createBucket: true, recoveryPointId: null };
    expect(problemsOf(parseRestoreRequest, input)).toEqual([
      'destinationBucket: must be a string, got 7',
      'recoveryPointId: must be a string, got null',
    ]);
    const sourceless = { recoveryPointId: 'some-bucket/00000000000000000001', createBucket: true };
    expect(problemsOf(parseRestoreRequest, sourceless)).toEqual([
      'createBucket: requires destinationBucket, the name of the bucket to create',
      'sourceBucket: is required (string)',
    ]);
  });

  test('a field that is left out contradicts as one that is undefined does', () => {
    const input = { sourceBucket: 'good-bucket', createBucket: true };
    const problems = ['createBucket: requires destinationBucket, the name of the bucket to create'];
    expect(problemsOf(parseRestoreRequest, input)).toEqual(problems);
    expect(problemsOf(parseRestoreRequest, { ...input, destinationBucket: undefined })).toEqual(problems);
    expect(problemsOf(parseRestoreRequest, { sourceBucket: 'the-vault' })).toHaveLength(1);
  });

  test('an undo excludes what would say what to restore', () => {
    const input = { sourceBucket: 'good-bucket', undo: 'job', dryRun: 1, items: ['a'], versions: 'all' };
    expect(problemsOf(parseRestoreRequest, input)).toEqual([
      'dryRun: must be a boolean, got 1',
      'undo: cannot be combined with "items", "versions": remove these fields',
    ]);
  });

  test('an undo goes with what says how objects are written', () => {
    const how = { restoreTags: false, restoreAcls: true, encryption: { type: 'SSE_S3' } };
    const undo = { sourceBucket: 'good-bucket', undo: 'job' };
    expect(parseRestoreRequest({ ...undo, ...how, storageClass: 'STANDARD' }, own)).toMatchObject({
      ...{ restoreTags: false, insistOnAcls: true, storageClass: 'STANDARD' },
      ...{ encryption: { type: 'SSE_S3' }, insistOnEncryption: true },
    });
    expect(parseRestoreRequest(undo, own)).toMatchObject({ storageClass: 'ORIGINAL', insistOnEncryption: false });
    expect(problemsOf(parseRestoreRequest, { ...undo, encryption: { type: 'SSE_S3', kmsKeyId: 'k' } })).toEqual([
      'encryption.kmsKeyId: requires type SSE_KMS, got SSE_S3',
    ]);
  });

  test('numbers, texts and keys that are out of bounds are said in plain words', () => {
    const restore = { sourceBucket: 'good-bucket', encryption: { type: 'SSE_KMS', kmsKeyId: '' } };
    expect(problemsOf(parseRestoreRequest, { ...restore, versions: 2 ** 60, recoveryPointId: 2 ** 53 })).toEqual([
      'encryption.kmsKeyId: must have at least 1 character, got ""',
      'recoveryPointId: must be a string, got a number beyond 2^53',
      'versions: is too large, got a number beyond 2^53',
    ]);
  });

  test('items that no key can be', () => {
    const items = ['fine', 'a\0b', { prefix: 'p\0/' }, 'k'.repeat(1025), { prefix: 'ü'.repeat(513) }, '\ud800'];
    const input = { sourceBucket: 'good-bucket', items, destinationPrefix: '\0' };
    expect(problemsOf(parseRestoreRequest, input)).toEqual([
      String.raw`"\u0000": has the character U+0000, which no key can have`,
      String.raw`"\ud800": has half of a surrogate pair, which no key can have`,
      String.raw`"a\u0000b": has the character U+0000, which no key can have`,
      String.raw`"p\u0000/": has the character U+0000, which no key can have`,
      `items: "${'k'.repeat(79)}… has 1025 bytes, but a key has at most 1024`,
      `items: "${'ü'.repeat(79)}… has 1026 bytes, but a key has at most 1024`,
    ]);
    expect(() => parseRestoreRequest({ sourceBucket: 'good-bucket', items: ['k'.repeat(1024)] }, own)).not.toThrow();
  });
});
