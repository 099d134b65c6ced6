import type { BucketInventory } from '../../lambda/adapters/bucket-inventory';
import { INVENTORY_FIELDS } from '../../lambda/core/inventory/manifest';
import type { InventorySettings } from '../../lambda/ports/bucket-admin';
import type { NotificationRule, S3World } from '../support/s3-world';

const rules: readonly NotificationRule[] = [
  { kind: 'queue', id: 'to-queue', arn: 'arn:aws:sqs:us-east-1:000000000000:gone', events: ['s3:ObjectRemoved:*'] },
  {
    kind: 'topic',
    id: 'to-topic',
    arn: 'arn:aws:sns:us-east-1:000000000000:topic',
    events: ['s3:ObjectCreated:Put', 's3:ObjectCreated:Copy'],
    prefix: 'photos/ <&>',
  },
  {
    kind: 'function',
    id: 'to-function',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:thumbnail',
    events: ['s3:ObjectCreated:*'],
    prefix: '',
  },
];

/** What a backup sets on protected buckets, beside what others have set there. */
export function bucketSettingsContract(world: () => S3World): void {
  describe('events', () => {
    test('go to EventBridge from now on, and to all others as before', async () => {
      const bucket = await world().newBucket();
      await world().setNotifications(bucket, { rules, eventBridge: false });
      expect(await world().admin().ensureEventBridge(bucket)).toBe('enabled');
      expect(await world().notifications(bucket)).toEqual({ rules, eventBridge: true });
      expect(await world().admin().ensureEventBridge(bucket)).toBe('was-enabled');
      expect(await world().notifications(bucket)).toEqual({ rules, eventBridge: true });
    });

    test('of a bucket without notifications', async () => {
      const bucket = await world().newBucket();
      expect(await world().admin().ensureEventBridge(bucket)).toBe('enabled');
      expect(await world().notifications(bucket)).toEqual({ rules: [], eventBridge: true });
    });
  });

  describe('inventories', () => {
    const settings: InventorySettings = {
      id: 'cdk-s3-backup-0123456789ab',
      destinationBucket: 'scratch',
      prefix: 'inventory',
      frequency: 'Daily',
      format: 'CSV',
    };
    const wanted = (): BucketInventory => ({
      ...settings,
      enabled: true,
      versions: 'All',
      filter: undefined,
      fields: INVENTORY_FIELDS,
      accountId: world().accountId,
      encryption: undefined,
    });

    test('are set up once, next to those of others', async () => {
      const bucket = await world().newBucket();
      const others: BucketInventory = { ...wanted(), id: 'audit', filter: 'logs/', versions: 'Current', fields: [] };
      await world().setInventory(bucket, others);
      expect(await world().admin().hasInventory(bucket, settings)).toBe(false);
      expect(await world().admin().ensureInventory(bucket, settings)).toBe('created');
      expect(await world().inventories(bucket)).toEqual([others, wanted()]);
      expect(await world().admin().ensureInventory(bucket, settings)).toBe('was-there');
      expect(await world().inventories(bucket)).toEqual([others, wanted()]);
    });

    test('with other settings than wanted are replaced', async () => {
      const different: Partial<BucketInventory>[] = [
        { enabled: false },
        { versions: 'Current' },
        { filter: 'logs/' },
        { fields: ['Size'] },
        { frequency: 'Weekly' },
        { format: 'ORC' },
        { prefix: 'elsewhere' },
        { destinationBucket: 'elsewhere' },
        { accountId: '222222222222' },
        { encryption: { type: 'SSE_S3' } },
      ];
      for (const difference of different) {
        const bucket = await world().newBucket();
        await world().setInventory(bucket, { ...wanted(), ...difference });
        expect(await world().admin().hasInventory(bucket, settings)).toBe(false);
        expect(await world().admin().ensureInventory(bucket, settings)).toBe('created');
        expect(await world().inventories(bucket)).toEqual([wanted()]);
      }
    });

    test('with more fields, in any order, are left alone', async () => {
      const bucket = await world().newBucket();
      const more = { ...wanted(), fields: ['LifecycleExpirationDate', ...INVENTORY_FIELDS].reverse() };
      await world().setInventory(bucket, more);
      expect(await world().admin().hasInventory(bucket, settings)).toBe(true);
      expect(await world().admin().ensureInventory(bucket, settings)).toBe('was-there');
      expect(await world().inventories(bucket)).toEqual([more]);
    });

    test('are there in either format', async () => {
      const bucket = await world().newBucket();
      for (const format of ['CSV', 'Parquet']) {
        await world().setInventory(bucket, { ...wanted(), format });
        expect(await world().admin().hasInventory(bucket, settings)).toBe(true);
      }
    });

    test('can be encrypted, also with a key of their own', async () => {
      const bucket = await world().newBucket();
      const keys = ['one', 'two'].map((name) => `arn:aws:kms:us-east-1:000000000000:key/${name}`);
      for (const encryption of [
        { type: 'SSE_S3' } as const,
        ...keys.map((kmsKeyId) => ({ type: 'SSE_KMS', kmsKeyId }) as const),
      ]) {
        const encrypted: InventorySettings = { ...settings, format: 'Parquet', encryption };
        expect(await world().admin().ensureInventory(bucket, encrypted)).toBe('created');
        expect(await world().admin().ensureInventory(bucket, encrypted)).toBe('was-there');
        expect(await world().inventories(bucket)).toEqual([{ ...wanted(), ...encrypted }]);
      }
    });

    test('are at most 1,000', async () => {
      const bucket = await world().newBucket();
      const ids = Array.from({ length: 1_000 }, (_, i) => `id-${String(i).padStart(4, '0')}`);
      for (let i = 0; i < ids.length; i += 50)
        await Promise.all(ids.slice(i, i + 50).map((id) => world().setInventory(bucket, { ...wanted(), id })));
      const refused = world().admin().ensureInventory(bucket, settings);
      await expect(refused).rejects.toMatchObject({
        code: 'too-many-configurations',
        message: expect.stringMatching(/1000 inventory configurations.*delete one/),
      });
      expect((await world().inventories(bucket)).map(({ id }) => id)).toEqual(ids);
      // One that is there already can still be changed.
      expect(
        await world()
          .admin()
          .ensureInventory(bucket, { ...settings, id: 'id-0500' }),
      ).toBe('was-there');
      expect(
        await world()
          .admin()
          .ensureInventory(bucket, { ...settings, id: 'id-0500', prefix: 'b' }),
      ).toBe('created');
    });

    test('do not take a prefix that would end in two slashes', async () => {
      const bucket = await world().newBucket();
      const refused = world()
        .admin()
        .ensureInventory(bucket, { ...settings, prefix: 'inventory/' });
      await expect(refused).rejects.toMatchObject({ code: 'invalid' });
      expect(await world().inventories(bucket)).toEqual([]);
    });

    test('and events: of a missing bucket, or of another account', async () => {
      const bucket = await world().newBucket();
      const stranger = world().admin({ accountId: '999999999999' });
      for (const [admin, name, code] of [
        [world().admin(), `${bucket}-missing`, 'no-such-bucket'],
        [stranger, bucket, 'access-denied'],
      ] as const) {
        await expect(admin.ensureEventBridge(name)).rejects.toMatchObject({ code });
        await expect(admin.ensureInventory(name, settings)).rejects.toMatchObject({ code });
        await expect(admin.hasInventory(name, settings)).rejects.toMatchObject({ code });
      }
      expect(await world().notifications(bucket)).toEqual({ rules: [], eventBridge: false });
      expect(await world().inventories(bucket)).toEqual([]);
    });
  });
}
