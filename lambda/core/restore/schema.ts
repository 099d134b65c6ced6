import * as z from 'zod';

export interface ItemSelector {
  readonly kind: 'prefix' | 'key';
  readonly text: string;
}

export const MAX_VERSIONS = 1000;
/** S3 storage classes that a restore may write; archived classes would have to be thawed before they can be read. */
export const STORAGE_CLASSES = [
  'STANDARD',
  'ORIGINAL',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'REDUCED_REDUNDANCY',
] as const;

export const ON_EXISTING = ['skip', 'overwrite', 'fail'] as const;
export const ENCRYPTION_TYPES = ['DESTINATION_DEFAULT', 'SSE_S3', 'SSE_KMS'] as const;

const item = z.union(
  [
    z.string().min(1, 'an item must not be empty'),
    z.strictObject({ prefix: z.string() }),
    z.strictObject({ key: z.string().min(1, 'a key must not be empty') }),
  ],
  { error: 'must be a string that is not empty, {"prefix": "…"} or {"key": "…"}' },
);
export type RawItem = z.infer<typeof item>;

/** The fields of a restore. The CLI's input, its help, the request and its checks are made of it; pages and comments are tested against it. */
export const restoreSchema = z.strictObject({
  sourceBucket: z.string(),
  recoveryPointId: z.string().default('latest'),
  pointInTime: z.string().optional(),
  items: z.array(item).min(1, 'must have at least one item: omit it to restore the whole bucket').optional(),
  itemsFile: z.string().optional(),
  destinationBucket: z.string().optional(),
  createBucket: z.boolean().default(false),
  destinationPrefix: z.string().default(''),
  onExisting: z.enum(ON_EXISTING).default('skip'),
  rollback: z.boolean().default(false),
  removeMarkers: z.boolean().default(false),
  undo: z.string().min(1, 'must be the ID of a job').optional(),
  versions: z
    .union([z.literal('all'), z.int()], { error: `must be "all" or a whole number from 1 to ${String(MAX_VERSIONS)}` })
    .default(1),
  restoreTags: z.boolean().default(true),
  restoreAcls: z.boolean().optional(),
  storageClass: z.enum(STORAGE_CLASSES).default('STANDARD'),
  encryption: z
    .strictObject({
      type: z.enum(ENCRYPTION_TYPES),
      kmsKeyId: z.string().min(1).optional(),
    })
    .default({ type: 'DESTINATION_DEFAULT' }),
  dryRun: z.boolean().default(false),
});
export type RawRestoreRequest = z.infer<typeof restoreSchema>;
/** Input of the Restore execution, before the defaults. */
export type RestoreInput = Readonly<z.input<typeof restoreSchema>>;

/** What a request has that gives nothing but the bucket. */
export const restoreDefaults = () => restoreSchema.omit({ sourceBucket: true }).parse({});

/** An item ending in `/` is a prefix, any other text a key; the object forms say it outright. */
export function toSelector(raw: RawItem): ItemSelector {
  if (typeof raw === 'string') return { kind: raw.endsWith('/') ? 'prefix' : 'key', text: raw };
  return 'prefix' in raw ? { kind: 'prefix', text: raw.prefix } : { kind: 'key', text: raw.key };
}

export function parseS3Uri(uri: string): { bucket: string; key: string } | undefined {
  const match = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri);
  return match?.[1] !== undefined && match[2] !== undefined ? { bucket: match[1], key: match[2] } : undefined;
}
