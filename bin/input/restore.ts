import { isUtf8 } from 'node:buffer';
import { formatSeq } from '../../lambda/contract/layout';
import { parseItemsFile } from '../../lambda/core/restore/items';
import { parseRestoreRequest } from '../../lambda/core/restore/request';
import type { ENCRYPTION_TYPES, RawItem, RestoreInput } from '../../lambda/core/restore/schema';
import { fromIso, toIso } from '../../lambda/core/values/instant';
import { usageError } from '../output/errors';
import type { Io } from '../output/io';
import type { VaultNames } from '../vault/clients';
import { checkRequest } from './options';

/** Options of the restore command, as commander gives them. */
export interface RestoreOptions {
  readonly item?: readonly string[];
  readonly prefix?: readonly string[];
  readonly key?: readonly string[];
  readonly itemsFile?: string;
  readonly itemsFrom?: string;
  readonly recoveryPoint?: string;
  readonly at?: string;
  readonly pointInTime?: string;
  readonly rollback?: boolean;
  readonly removeMarkers?: boolean;
  readonly undo?: string;
  readonly to?: string;
  readonly createBucket?: boolean;
  readonly destinationPrefix?: string;
  readonly onExisting?: RestoreInput['onExisting'];
  readonly versions?: RestoreInput['versions'];
  readonly tags: boolean;
  readonly acls?: boolean;
  readonly storageClass?: string;
  readonly encryption?: (typeof ENCRYPTION_TYPES)[number];
  readonly kmsKeyId?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly wait: boolean;
}

/** The option or argument that each field comes from: none may be missing. */
export const RESTORE_FIELD_OPTIONS: Readonly<Record<keyof RestoreInput | 'encryption.kmsKeyId', string>> = {
  recoveryPointId: '--recovery-point',
  pointInTime: '--at',
  rollback: '--rollback',
  removeMarkers: '--remove-markers',
  undo: '--undo',
  itemsFile: '--items-file',
  items: 'items',
  destinationBucket: '--to',
  createBucket: '--create-bucket',
  destinationPrefix: '--destination-prefix',
  onExisting: '--on-existing',
  versions: '--versions',
  restoreTags: '--no-tags',
  restoreAcls: '--acls',
  storageClass: '--storage-class',
  'encryption.kmsKeyId': '--kms-key-id',
  encryption: '--encryption',
  dryRun: '--dry-run',
  sourceBucket: 'the bucket',
};

/** Step Functions takes 256 KiB of input, and the first step is given it together with a few facts of its own. */
const MAX_INPUT_BYTES = 250_000;

export async function restoreInput(
  io: Io,
  sourceBucket: string,
  args: readonly string[],
  options: RestoreOptions,
): Promise<RestoreInput> {
  const items: RawItem[] = [
    ...args,
    ...(options.item ?? []),
    ...(options.prefix ?? []).map((prefix) => ({ prefix })),
    ...(options.key ?? []).map((key) => ({ key })),
    ...(options.itemsFrom === undefined ? [] : await localItems(io, options.itemsFrom)),
  ];
  if (options.itemsFile !== undefined && !options.itemsFile.startsWith('s3://'))
    throw usageError(
      `--items-file: must be s3://bucket/key, got "${options.itemsFile}"; for a local file use --items-from`,
    );
  const encryption = options.encryption ?? (options.kmsKeyId === undefined ? undefined : 'SSE_KMS');
  const input: RestoreInput = {
    sourceBucket,
    recoveryPointId: recoveryPointOf(sourceBucket, options.recoveryPoint),
    pointInTime: utc(options.at ?? options.pointInTime),
    rollback: options.rollback,
    removeMarkers: options.removeMarkers,
    undo: options.undo,
    items: items.length > 0 ? items : undefined,
    itemsFile: options.itemsFile,
    destinationBucket: options.to,
    createBucket: options.createBucket,
    destinationPrefix: options.destinationPrefix,
    onExisting: options.onExisting,
    versions: options.versions,
    restoreTags: options.tags ? undefined : false,
    restoreAcls: options.acls,
    // Checked with the rest, so that all problems are named at once.
    storageClass: options.storageClass as RestoreInput['storageClass'],
    encryption: encryption === undefined ? undefined : { type: encryption, kmsKeyId: options.kmsKeyId },
  };
  const size = Buffer.byteLength(JSON.stringify(input));
  if (size > MAX_INPUT_BYTES)
    throw usageError(
      `the request has ${size} bytes, but an execution accepts ${MAX_INPUT_BYTES}: put the items into a file in S3 and use --items-file s3://bucket/key`,
    );
  return input;
}

/** The check that the workflow begins with, before anything is started. */
export function checkRestoreInput(input: RestoreInput, { vaultBucket, scratchBucket }: VaultNames): void {
  checkRequest(RESTORE_FIELD_OPTIONS, () => parseRestoreRequest(input, { buckets: [vaultBucket, scratchBucket] }));
}

/** The number alone is enough: the bucket is known. */
export const recoveryPointOf = (bucket: string, given: string | undefined): string | undefined =>
  given !== undefined && /^\d{1,15}$/.test(given) ? `${bucket}/${formatSeq(Number(given))}` : given;

/** The workflow takes UTC only; whoever gives an offset means the same instant. */
export const utc = (given: string | undefined): string | undefined =>
  given !== undefined && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/.test(given) && !Number.isNaN(fromIso(given))
    ? toIso(fromIso(given))
    : given;

async function localItems(io: Io, path: string): Promise<RawItem[]> {
  const body = await io.readFile(path).catch((error: unknown) => {
    throw usageError(
      `--items-from: "${path}" cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  });
  if (!isUtf8(body))
    throw usageError(`--items-from: "${path}" must be UTF-8 text, got other bytes; convert it to UTF-8`);
  let items: RawItem[] = [];
  checkRequest({ itemsFile: '--items-from' }, () => {
    const selectors = parseItemsFile(Buffer.from(body).toString('utf8'));
    items = selectors.map(({ kind, text }) => (kind === 'prefix' ? { prefix: text } : { key: text }));
  });
  return items;
}
