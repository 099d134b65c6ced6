import {
  type Event,
  GetBucketNotificationConfigurationCommand,
  type InventoryConfiguration,
  ListBucketInventoryConfigurationsCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import type { BucketInventory } from '../../lambda/adapters/bucket-inventory';
import type { NotificationRule, Notifications, S3World } from './s3-world';

/** Notifications and inventories of a bucket, by the plain SDK. */
export function engineBucketSettings(
  client: S3Client,
): Pick<S3World, 'setNotifications' | 'notifications' | 'setInventory' | 'inventories'> {
  return {
    setNotifications: async (Bucket, { rules, eventBridge }) => {
      const of = (kind: NotificationRule['kind']) => rules.filter((rule) => rule.kind === kind);
      const common = ({ id, events, prefix }: NotificationRule) => ({
        Id: id,
        Events: events as Event[],
        Filter:
          prefix === undefined ? undefined : { Key: { FilterRules: [{ Name: 'prefix' as const, Value: prefix }] } },
      });
      await client.send(
        new PutBucketNotificationConfigurationCommand({
          Bucket,
          NotificationConfiguration: {
            QueueConfigurations: of('queue').map((rule) => ({ ...common(rule), QueueArn: rule.arn })),
            TopicConfigurations: of('topic').map((rule) => ({ ...common(rule), TopicArn: rule.arn })),
            LambdaFunctionConfigurations: of('function').map((rule) => ({
              ...common(rule),
              LambdaFunctionArn: rule.arn,
            })),
            EventBridgeConfiguration: eventBridge ? {} : undefined,
          },
          SkipDestinationValidation: true,
        }),
      );
    },
    notifications: async (Bucket): Promise<Notifications> => {
      const found = await client.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
      const { QueueConfigurations = [], TopicConfigurations = [], LambdaFunctionConfigurations = [] } = found;
      const targets = [
        ...QueueConfigurations.map((rule) => ({ rule, kind: 'queue' as const, arn: rule.QueueArn })),
        ...TopicConfigurations.map((rule) => ({ rule, kind: 'topic' as const, arn: rule.TopicArn })),
        ...LambdaFunctionConfigurations.map((rule) => ({
          rule,
          kind: 'function' as const,
          arn: rule.LambdaFunctionArn,
        })),
      ];
      return {
        rules: targets.map(({ rule: { Id = '', Events = [], Filter }, kind, arn = '' }) => {
          const prefix = Filter?.Key?.FilterRules?.[0]?.Value;
          return { kind, id: Id, arn, events: Events, ...(prefix !== undefined && { prefix }) };
        }),
        eventBridge: found.EventBridgeConfiguration !== undefined,
      };
    },
    setInventory: async (Bucket, inventory) => {
      const InventoryConfiguration = configurationOf(inventory);
      await client.send(
        new PutBucketInventoryConfigurationCommand({ Bucket, Id: inventory.id, InventoryConfiguration }),
      );
    },
    inventories: async (Bucket) => {
      const found: BucketInventory[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await client.send(new ListBucketInventoryConfigurationsCommand({ Bucket, ContinuationToken }));
        found.push(...(page.InventoryConfigurationList ?? []).map(inventoryOf));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return found;
    },
  };
}

function configurationOf(inventory: BucketInventory): InventoryConfiguration {
  const { filter, encryption } = inventory;
  return {
    Id: inventory.id,
    IsEnabled: inventory.enabled,
    IncludedObjectVersions: inventory.versions,
    Filter: filter === undefined ? undefined : { Prefix: filter },
    OptionalFields: [...inventory.fields] as InventoryConfiguration['OptionalFields'],
    Schedule: { Frequency: inventory.frequency as 'Daily' },
    Destination: {
      S3BucketDestination: {
        Bucket: `arn:aws:s3:::${inventory.destinationBucket}`,
        AccountId: inventory.accountId,
        Format: inventory.format as 'CSV',
        Prefix: inventory.prefix,
        Encryption:
          encryption && (encryption.type === 'SSE_S3' ? { SSES3: {} } : { SSEKMS: { KeyId: encryption.kmsKeyId } }),
      },
    },
  };
}

function inventoryOf(configuration: InventoryConfiguration): BucketInventory {
  const destination = configuration.Destination!.S3BucketDestination!;
  const keyId = destination.Encryption?.SSEKMS?.KeyId;
  return {
    id: configuration.Id!,
    enabled: configuration.IsEnabled!,
    versions: configuration.IncludedObjectVersions!,
    filter: configuration.Filter?.Prefix,
    fields: configuration.OptionalFields ?? [],
    frequency: configuration.Schedule!.Frequency!,
    destinationBucket: destination.Bucket!.replace('arn:aws:s3:::', ''),
    accountId: destination.AccountId,
    prefix: destination.Prefix ?? '',
    format: destination.Format!,
    encryption:
      keyId === undefined ? destination.Encryption?.SSES3 && { type: 'SSE_S3' } : { type: 'SSE_KMS', kmsKeyId: keyId },
  };
}
