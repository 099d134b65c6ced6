import fc from 'fast-check';
import { parseBackupRequest } from '../../../lambda/core/backup/request';
import { anyRequest, own, problemsOf } from '../../support/requests';

test('whatever the input is, it is taken whole or refused as InvalidRequest', () => {
  fc.assert(
    fc.property(anyRequest, (value) => {
      try {
        parseBackupRequest(value, own);
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

describe('every problem is named at once', () => {
  test('numbers, texts and keys that are out of bounds are said in plain words', () => {
    const tags = { '': 'x', ['k'.repeat(129)]: 'y', a: 'v'.repeat(257) };
    const backup = { bucket: 'good-bucket', deleteAfterDays: 1.5, recoveryPointTags: tags };
    expect(problemsOf(parseBackupRequest, backup)).toEqual([
      'deleteAfterDays: must be a whole number, got 1.5',
      `recoveryPointTags.a: must have at most 256 characters, got "${'v'.repeat(79)}…`,
      'recoveryPointTags: a tag key must have at most 128 characters, got "' + `${'k'.repeat(79)}…`,
      'recoveryPointTags: a tag key must not be empty, got ""',
    ]);
  });

  test('times of a schedule come in their order, with fractions or without', () => {
    const times = { startBy: '2026-11-22T12:00:00Z', completeBy: '2026-11-23T11:00:00Z' };
    const backup = (scheduledTime: string) => ({
      bucket: 'good-bucket',
      scheduled: { plan: 'p', rule: 'r', scheduledTime, ...times },
    });
    expect(problemsOf(parseBackupRequest, backup('2026-11-22T12:00:01Z'))).toEqual([
      'scheduled: scheduledTime must not be after startBy',
    ]);
    expect(problemsOf(parseBackupRequest, backup('2026-11-22T12:00:00.5Z'))).toHaveLength(1);
    expect(parseBackupRequest(backup('2026-11-22T12:00:00.000Z'), own).scheduled).toMatchObject(times);
  });

  test('contradictions of a backup beside fields of wrong types', () => {
    const scheduled = {
      plan: 'p',
      rule: 'r',
      scheduledTime: '2026-11-22T10:00:00Z',
      startBy: '2026-11-22T12:00:00Z',
      completeBy: '2026-11-22T11:00:00Z',
    };
    const input = { bucket: 'the-vault', source: 'changes', versions: 'SOME', deleteAfterDays: 0, scheduled };
    expect(problemsOf(parseBackupRequest, input)).toEqual([
      'bucket: "the-vault" belongs to the backup vault itself, which cannot be a protected bucket: choose another bucket',
      'deleteAfterDays: must be at least 1 day, got 0',
      'scheduled: startBy must not be after completeBy',
      'versions: must be one of "ALL", "CURRENT", got "SOME"',
    ]);
  });
});
