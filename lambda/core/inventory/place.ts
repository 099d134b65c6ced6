import { ScratchPrefix } from '../../contract/layout';
import { sha256Hex } from '../values/hash';

/** ID of a vault's inventory configuration on a protected bucket: two vaults of one bucket do not share it. */
export const inventoryConfigId = (scratchBucket: string): string =>
  `cdk-s3-backup-${sha256Hex(scratchBucket).slice(0, 12)}`;

/** Where S3 puts the reports of a configuration, given the prefix `inventory` of the scratch bucket. */
export const inventoryPrefix = (bucket: string, configId: string): string =>
  `${ScratchPrefix.inventory}${bucket}/${configId}/`;

/** What a vault's inventory configuration says, but for the format of the reports. */
export const vaultInventory = (scratchBucket: string) => ({
  id: inventoryConfigId(scratchBucket),
  destinationBucket: scratchBucket,
  prefix: ScratchPrefix.inventory.slice(0, -1),
  frequency: 'Daily' as const,
});
