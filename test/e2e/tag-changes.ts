import {
  DeleteObjectTaggingCommand,
  ListObjectVersionsCommand,
  PutObjectAclCommand,
  PutObjectTaggingCommand,
} from '@aws-sdk/client-s3';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareBuckets } from '../../local/buckets/compare';
import { restorableOf } from '../../local/buckets/history';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const limitMs = 10 * 60_000;
/** The vault waits so long until captured changes are settled, and a second more as times are whole seconds. */
const settleMs = 2_500;

/** Changes of what the vault has already, through rules, queue, function and change log. */
export function tagChanges(world: () => E2eWorld): void {
  describe('tags and ACLs that change after the backup', () => {
    const restored = `${Bucket.small}-retagged`;
    const captured = async (count: number): Promise<void> => {
      const deadline = Date.now() + limitMs;
      while ((await world().capturedChanges()) < count) {
        if (Date.now() > deadline) throw new Error(`${await world().capturedChanges()} of ${count} changes captured`);
        await sleep(500);
      }
    };

    test('are captured by events, and in the next recovery point', async () => {
      const { s3, small, reader } = world();
      await small.backups.succeed({ bucket: Bucket.small });
      const { Versions = [] } = await s3.send(new ListObjectVersionsCommand({ Bucket: Bucket.small, Prefix: 'many/' }));
      const old = Versions.filter(({ Key }) => Key === 'many/000').at(-1);
      const current = Versions.find(({ Key }) => Key === 'many/001');
      const target = { Bucket: Bucket.small };
      const before = await world().capturedChanges();
      await s3.send(
        new PutObjectTaggingCommand({
          ...target,
          Key: 'many/000',
          VersionId: old?.VersionId,
          Tagging: { TagSet: [{ Key: 'ключ', Value: 'значение + /' }] },
        }),
      );
      await s3.send(new DeleteObjectTaggingCommand({ ...target, Key: 'many/002' }));
      await s3.send(
        new PutObjectAclCommand({
          ...target,
          Key: 'many/001',
          VersionId: current?.VersionId,
          AccessControlPolicy: {
            Owner: current?.Owner,
            Grants: [
              { Grantee: { Type: 'CanonicalUser', ID: current?.Owner?.ID }, Permission: 'FULL_CONTROL' },
              { Grantee: { Type: 'CanonicalUser', ID: 'f'.repeat(64) }, Permission: 'READ' },
            ],
          },
        }),
      );
      await captured(before + 3);
      await sleep(settleMs);
      const output = await small.backups.succeed({ bucket: Bucket.small });
      expect(output).toMatchObject({ status: 'COMPLETED', stored: 0 });
      expect(output.requests).toEqual({ ListObjectVersions: 1 });
      const request = { sourceBucket: Bucket.small, destinationBucket: restored, createBucket: true, versions: 'all' };
      expect(await small.restores.succeed(request)).toMatchObject({ status: 'COMPLETED', failed: 0 });
      const [source, copy] = await Promise.all([reader.read(Bucket.small), reader.read(restored)]);
      expect(compareBuckets(restorableOf(source), copy).differences).toEqual([]);
      expect(JSON.stringify([...copy])).toContain('значение + /');
    });
  });
}
