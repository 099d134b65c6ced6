import { INVENTORY_FIELDS } from '../core/inventory/manifest';
import { INVENTORY_FORMATS, type InventorySettings } from '../ports/bucket-admin';
import { StoreError } from '../ports/object-store';

/** S3's limit for one bucket. */
export const MAX_INVENTORIES = 1_000;

/** An inventory configuration as a bucket has it. */
export interface BucketInventory extends Omit<InventorySettings, 'frequency' | 'format'> {
  readonly frequency: string;
  readonly format: string;
  readonly enabled: boolean;
  readonly versions: 'All' | 'Current';
  /** Only keys that begin so are in the report. */
  readonly filter?: string;
  readonly fields: readonly string[];
  /** Account that owns the destination bucket. */
  readonly accountId?: string;
}

/** The configuration that settings ask for. Throws StoreError `invalid`. */
export function wantedInventory(settings: InventorySettings, accountId: string | undefined): BucketInventory {
  if (settings.prefix.endsWith('/'))
    throw new StoreError('invalid', `prefix "${settings.prefix}" of inventory ${settings.id} must not end in /`);
  return { ...settings, enabled: true, versions: 'All', fields: INVENTORY_FIELDS, accountId };
}

/** Whether a configuration gives the reports that are wanted: the same ones, perhaps with more fields. */
export function serves(existing: BucketInventory, wanted: BucketInventory): boolean {
  return wanted.fields.every((field) => existing.fields.includes(field)) && identity(existing) === identity(wanted);
}

/** The same for reports of any format. */
export const servesInSomeFormat = (
  existing: BucketInventory,
  settings: Omit<InventorySettings, 'format'>,
  accountId: string | undefined,
): boolean => INVENTORY_FORMATS.some((format) => serves(existing, wantedInventory({ ...settings, format }, accountId)));

const identity = ({ encryption, ...inventory }: BucketInventory): string =>
  JSON.stringify([
    inventory.id,
    inventory.destinationBucket,
    inventory.accountId,
    inventory.prefix,
    inventory.frequency,
    inventory.format,
    inventory.enabled,
    inventory.versions,
    inventory.filter,
    encryption?.type,
    encryption?.type === 'SSE_KMS' ? encryption.kmsKeyId : undefined,
  ]);

/** For a bucket that has as many configurations as S3 allows. */
export const tooManyInventories = (bucket: string, cause?: unknown): StoreError =>
  new StoreError(
    'too-many-configurations',
    `bucket "${bucket}" has ${MAX_INVENTORIES} inventory configurations, the limit of S3: delete one`,
    { cause },
  );
