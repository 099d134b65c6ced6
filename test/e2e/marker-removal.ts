import { DeleteObjectCommand, PutBucketPolicyCommand } from '@aws-sdk/client-s3';
import { compareBuckets } from '../../local/buckets/compare';
import { currentOf } from '../../local/buckets/history';
import type { SampleBucket } from '../../local/buckets/sample';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

/** A rollback that removes delete markers, with the roles and the state machine that are deployed. */
export function markerRemoval(world: () => E2eWorld): void {
  describe('a rollback that may remove delete markers', () => {
    const name = Bucket.deleted;
    const keys = ['a', 'b', 'ä/ö 𝄞?#%2F+'];
    let bucket: SampleBucket;
    let recoveryPointId: string;
    const current = async () => currentOf(await world().reader.read(name));
    const ids = async () => new Map([...(await current())].map(([key, [version]]) => [key, version?.versionId]));
    const deleteAll = async (): Promise<void> => {
      for (const Key of keys) await world().s3.send(new DeleteObjectCommand({ Bucket: name, Key }));
    };

    beforeAll(async () => {
      bucket = await world().newBucket({ name });
      for (const key of keys) await bucket.put(key, { body: `body of ${key}`, tags: { a: 'b' } });
      ({ recoveryPointId } = await world().main.backups.succeed({ bucket: name }));
      await new Promise((resolve) => setTimeout(resolve, 1_100));
    });
    afterAll(() => bucket.destroy());

    test('brings the very versions back, and its undo hides them again', async () => {
      const before = await current();
      const idsBefore = await ids();
      await deleteAll();
      await deleteAll();
      const request = { sourceBucket: name, recoveryPointId, rollback: true, removeMarkers: true };
      const output = await world().main.restores.succeed(request);
      expect(output).toMatchObject({ status: 'COMPLETED', restored: 3, uncovered: 3, keptMarkers: {}, bytes: 0 });
      expect(await world().main.restores.enteredStates(output.executionArn)).toContain('RemoveMarkers in place');
      expect(await ids()).toEqual(idsBefore);
      expect(compareBuckets(before, await current()).differences).toEqual([]);
      const undone = await world().main.restores.succeed({ sourceBucket: name, undo: output.jobId });
      expect(undone).toMatchObject({ status: 'COMPLETED', deleted: 3 });
      expect((await current()).size).toBe(0);
    });

    test('copies where the bucket denies it', async () => {
      const Statement = {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:DeleteObjectVersion',
        Resource: `arn:aws:s3:::${name}/*`,
      };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement });
      await world().s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
      const request = { sourceBucket: name, recoveryPointId, rollback: true, removeMarkers: true };
      const output = await world().main.restores.succeed(request);
      expect(output).toMatchObject({
        status: 'COMPLETED',
        restored: 3,
        uncovered: 0,
        keptMarkers: { 'access-denied': 3 },
      });
      expect((await current()).size).toBe(3);
    });

    test('is refused by a vault that does not allow it', async () => {
      const outcome = await world().small.restores.run({ sourceBucket: name, rollback: true, removeMarkers: true });
      expect(outcome).toMatchObject({ error: 'InvalidRequest' });
      expect(outcome.cause).toMatch(/allowMarkerRemoval/);
    });
  });
}
