import { DeleteObjectCommand, PutObjectCommand, PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareBuckets } from '../../local/buckets/compare';
import { currentOf } from '../../local/buckets/history';
import { Bucket } from './buckets';
import { captured, isoSecond, listed } from './continuous-world';
import type { E2eWorld } from './world';

/** Continuous backup as it is deployed: from the event of a write to a restore of its second, a rollback and its undo. */
export function continuousBackup(world: () => E2eWorld): void {
  describe('continuous backup', () => {
    const name = Bucket.small;
    /** Version IDs of the objects that the command line lists. */
    const listedIds = async (...args: string[]): Promise<Record<string, string>> =>
      Object.fromEntries(
        (await listed(world(), 'ls', '--recursive', ...args)).map(({ key, versionId }) => [key, versionId]),
      );
    const versionIds = (history: ReturnType<typeof currentOf>): Record<string, string> =>
      Object.fromEntries([...history].map(([key, versions]) => [key, versions[0]?.versionId ?? '']));

    test('restores an exact second, rolls back to it and takes that back', async () => {
      const { small, reader, s3 } = world();
      await small.upkeeps.succeed({ bucket: name, deleteAfterDays: 35 });
      await sleep(2_500);
      const target = { Bucket: name };
      await s3.send(new PutObjectCommand({ ...target, Key: 'live/a', Body: 'first', Tagging: 'state=first' }));
      await s3.send(new PutObjectCommand({ ...target, Key: 'live/b', Body: 'kept' }));
      await s3.send(new PutObjectCommand({ ...target, Key: 'live/large', Body: Buffer.alloc(2 * 1024 * 1024, 7) }));
      await sleep(1_100);
      const instant = isoSecond();
      const before = currentOf(await reader.read(name));
      await sleep(2_000);
      await s3.send(new PutObjectCommand({ ...target, Key: 'live/a', Body: 'second' }));
      await s3.send(new PutObjectCommand({ ...target, Key: 'live/new', Body: 'new' }));
      await s3.send(new DeleteObjectCommand({ ...target, Key: 'live/b' }));
      await s3.send(
        new PutObjectTaggingCommand({
          ...target,
          Key: 'many/003',
          Tagging: { TagSet: [{ Key: 'later', Value: 'yes' }] },
        }),
      );
      const after = currentOf(await reader.read(name));
      await captured(world(), instant);
      const compared = await small.upkeeps.succeed({ bucket: name, action: 'reconcile' });
      expect(compared).toMatchObject({ status: 'COMPLETED', source: 'listing', gaps: 0 });

      expect(await listedIds('--at', instant)).toEqual(versionIds(before));
      const restored = `${name}-at-a-second`;
      const request = { sourceBucket: name, pointInTime: instant };
      expect(
        await small.restores.succeed({ ...request, destinationBucket: restored, createBucket: true }),
      ).toMatchObject({ status: 'COMPLETED', exact: true, asOf: instant });
      expect(compareBuckets(before, await reader.read(restored)).differences).toEqual([]);

      const rollback = await small.restores.succeed({ ...request, rollback: true });
      expect(rollback).toMatchObject({ status: 'COMPLETED', exact: true, failed: 0, deleted: 1 });
      expect(compareBuckets(before, currentOf(await reader.read(name))).differences).toEqual([]);
      expect(await small.restores.succeed({ sourceBucket: name, undo: rollback.jobId })).toMatchObject({
        status: 'COMPLETED',
        failed: 0,
      });
      expect(compareBuckets(after, currentOf(await reader.read(name))).differences).toEqual([]);
    });

    test('a recovery point is made of what was captured, with no request to the bucket', async () => {
      const { small } = world();
      const output = await small.backups.succeed({ bucket: name, source: 'changes' });
      expect(output).toMatchObject({ status: 'COMPLETED', source: 'changes', requests: {} });
    });
  });
}
