import { randomBytes } from 'node:crypto';
import type { S3World } from '../support/s3-world';

export function bucketAdminContract(world: () => S3World): void {
  describe('bucket admin', () => {
    test('describes a bucket', async () => {
      const admin = world().admin();
      for (const versioning of ['Enabled', 'Suspended', 'Disabled'] as const) {
        const bucket = await world().newBucket({ versioning });
        const description = await admin.describe(bucket);
        expect(description).toMatchObject({
          region: 'us-east-1',
          versioning,
          ownership: 'BucketOwnerEnforced',
          aclsEnabled: false,
        });
        expect(Math.abs(description.date - world().now())).toBeLessThanOrEqual(2);
      }
      const bucket = await world().newBucket({ ownership: 'ObjectWriter' });
      expect(await admin.describe(bucket)).toMatchObject({ ownership: 'ObjectWriter', aclsEnabled: true });
    });

    test('says when the bucket is missing, or another account has it', async () => {
      const bucket = await world().newBucket();
      await expect(world().admin().describe(`${bucket}-missing`)).rejects.toMatchObject({ code: 'no-such-bucket' });
      const stranger = world().admin({ accountId: '999999999999' });
      await expect(stranger.describe(bucket)).rejects.toMatchObject({ code: 'access-denied' });
    });

    test('creates a versioned bucket, once or again', async () => {
      const admin = world().admin();
      const bucket = `created-${randomBytes(6).toString('hex')}`;
      await admin.create(bucket, { ownership: 'BucketOwnerPreferred' });
      expect(await admin.describe(bucket)).toMatchObject({ versioning: 'Enabled', ownership: 'BucketOwnerPreferred' });
      await world().put(bucket, 'key', 'kept');
      await world().setVersioning(bucket, 'Suspended');
      await admin.create(bucket, { ownership: 'BucketOwnerEnforced' });
      expect(await admin.describe(bucket)).toMatchObject({ versioning: 'Enabled', ownership: 'BucketOwnerEnforced' });
      expect((await world().store().listObjects({ bucket })).entries).toHaveLength(1);
    });
  });
}
