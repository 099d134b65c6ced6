import {
  GetBucketInventoryConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  type InventoryConfiguration,
  type InventoryFormat,
  type InventoryFrequency,
  type InventoryOptionalField,
  PutBucketInventoryConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
} from '@aws-sdk/client-s3';
import type { InventorySettings } from '../../../ports/bucket-admin';
import { isStoreError } from '../../../ports/object-store';
import {
  type BucketInventory,
  serves,
  servesInSomeFormat,
  tooManyInventories,
  wantedInventory,
} from '../../bucket-inventory';
import type { S3Requests } from './wire/requests';
import { causeName } from './wire/store-errors';

/** See BucketAdmin.ensureEventBridge. */
export async function ensureEventBridge(
  requests: S3Requests,
  bucket: string,
  beforeEnabling: () => Promise<void> = () => Promise.resolve(),
): Promise<'enabled' | 'was-enabled'> {
  const existing = await requests.run({ bucket }, (client, owner) =>
    client.send(new GetBucketNotificationConfigurationCommand({ Bucket: bucket, ...owner })),
  );
  const { TopicConfigurations, QueueConfigurations, LambdaFunctionConfigurations, EventBridgeConfiguration } = existing;
  if (EventBridgeConfiguration) return 'was-enabled';
  await beforeEnabling();
  await requests.run({ bucket }, (client, owner) =>
    client.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: bucket,
        // One document holds them all: what is not sent back is lost.
        NotificationConfiguration: {
          TopicConfigurations,
          QueueConfigurations,
          LambdaFunctionConfigurations,
          EventBridgeConfiguration: {},
        },
        SkipDestinationValidation: true,
        ...owner,
      }),
    ),
  );
  return 'enabled';
}

export interface InventoryPlace {
  readonly partition: string;
  readonly accountId: string | undefined;
}

/** See BucketAdmin.ensureInventory. */
export async function ensureInventory(
  requests: S3Requests,
  bucket: string,
  settings: InventorySettings,
  { partition, accountId }: InventoryPlace,
): Promise<'created' | 'was-there'> {
  const wanted = wantedInventory(settings, accountId);
  const existing = await findInventory(requests, bucket, settings.id);
  if (existing && serves(inventoryOf(existing), wanted)) return 'was-there';
  try {
    await requests.run({ bucket }, (client, owner) =>
      client.send(
        new PutBucketInventoryConfigurationCommand({
          Bucket: bucket,
          Id: settings.id,
          InventoryConfiguration: configurationOf(wanted, partition),
          ...owner,
        }),
      ),
    );
  } catch (error) {
    throw isStoreError(error, 'too-many-configurations') ? tooManyInventories(bucket, error.cause) : error;
  }
  return 'created';
}

/** See BucketAdmin.hasInventory. */
export async function hasInventory(
  requests: S3Requests,
  bucket: string,
  settings: Omit<InventorySettings, 'format'>,
  accountId: string | undefined,
): Promise<boolean> {
  const existing = await findInventory(requests, bucket, settings.id);
  return existing !== undefined && servesInSomeFormat(inventoryOf(existing), settings, accountId);
}

async function findInventory(
  requests: S3Requests,
  bucket: string,
  Id: string,
): Promise<InventoryConfiguration | undefined> {
  try {
    const output = await requests.run({ bucket }, (client, owner) =>
      client.send(new GetBucketInventoryConfigurationCommand({ Bucket: bucket, Id, ...owner })),
    );
    return output.InventoryConfiguration;
  } catch (error) {
    if (causeName(error) === 'NoSuchConfiguration') return undefined;
    throw error;
  }
}

function configurationOf(inventory: BucketInventory, partition: string): InventoryConfiguration {
  const { encryption } = inventory;
  return {
    Id: inventory.id,
    IsEnabled: inventory.enabled,
    IncludedObjectVersions: inventory.versions,
    OptionalFields: inventory.fields as InventoryOptionalField[],
    Schedule: { Frequency: inventory.frequency as InventoryFrequency },
    Destination: {
      S3BucketDestination: {
        AccountId: inventory.accountId,
        Bucket: `arn:${partition}:s3:::${inventory.destinationBucket}`,
        Prefix: inventory.prefix,
        Format: inventory.format as InventoryFormat,
        Encryption:
          encryption && (encryption.type === 'SSE_S3' ? { SSES3: {} } : { SSEKMS: { KeyId: encryption.kmsKeyId } }),
      },
    },
  };
}

function inventoryOf(configuration: InventoryConfiguration): BucketInventory {
  const { AccountId, Bucket, Prefix, Format, Encryption } = configuration.Destination?.S3BucketDestination ?? {};
  return {
    id: configuration.Id ?? '',
    enabled: configuration.IsEnabled ?? false,
    versions: configuration.IncludedObjectVersions ?? 'Current',
    // A filter without a prefix still is one: it may be of a kind that is not known here.
    filter: configuration.Filter && (configuration.Filter.Prefix ?? ''),
    fields: configuration.OptionalFields ?? [],
    frequency: configuration.Schedule?.Frequency ?? '',
    accountId: AccountId,
    destinationBucket: Bucket?.split(':').at(-1) ?? '',
    prefix: Prefix ?? '',
    format: Format ?? '',
    encryption: Encryption?.SSEKMS
      ? { type: 'SSE_KMS', kmsKeyId: Encryption.SSEKMS.KeyId ?? '' }
      : Encryption?.SSES3 && { type: 'SSE_S3' },
  };
}
