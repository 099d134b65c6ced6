import { z } from 'zod';
import { invalidRequest } from '../contract/errors';
import { bucketNameProblem } from './bucket-name';
import { keyBytes } from './key-order';
import { parseStrictly, shown } from './parse';

export interface ItemSelector {
  readonly kind: 'prefix' | 'key';
  readonly text: string;
}

/** Input of the Restore execution, with its defaults. */
export interface RestoreRequest {
  readonly sourceBucket: string;
  /** Number of the commit; absent: the latest recovery point. */
  readonly seq?: number;
  /** Absent: the whole bucket. */
  readonly items?: readonly ItemSelector[];
  readonly itemsFile?: { readonly bucket: string; readonly key: string };
  readonly destinationBucket: string;
  readonly createBucket: boolean;
  readonly destinationPrefix: string;
  readonly onExisting: 'skip' | 'overwrite' | 'fail';
  readonly versions: number | 'all';
  readonly restoreTags: boolean;
  readonly restoreAcls: boolean;
  /** Whether `restoreAcls: true` was asked for in so many words: then ACLs that cannot be restored are an error. */
  readonly insistOnAcls: boolean;
  readonly storageClass: string;
  readonly encryption: RestoreEncryption;
  readonly dryRun: boolean;
}
export type RestoreEncryption =
  | { readonly type: 'DESTINATION_DEFAULT' }
  | { readonly type: 'SSE_S3' }
  | { readonly type: 'SSE_KMS'; readonly kmsKeyId?: string };

/** S3 storage classes that a restore may write; archived classes would have to be thawed before they can be read. */
const STORAGE_CLASSES = [
  'STANDARD',
  'ORIGINAL',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER_IR',
  'REDUCED_REDUNDANCY',
] as const;
const MAX_VERSIONS = 1000;
export const MAX_KEY_BYTES = 1024;

const item = z.union(
  [
    z.string().min(1, 'an item must not be empty'),
    z.strictObject({ prefix: z.string() }),
    z.strictObject({ key: z.string().min(1, 'a key must not be empty') }),
  ],
  { error: 'must be a text that is not empty, {"prefix": "…"} or {"key": "…"}' },
);
type RawItem = z.infer<typeof item>;

const schema = z.strictObject({
  sourceBucket: z.string(),
  recoveryPointId: z.string().default('latest'),
  pointInTime: z.unknown().optional(),
  items: z.array(item).min(1, 'must have at least one item: leave it out for the whole bucket').optional(),
  itemsFile: z.string().optional(),
  destinationBucket: z.string().optional(),
  createBucket: z.boolean().default(false),
  destinationPrefix: z.string().default(''),
  onExisting: z.enum(['skip', 'overwrite', 'fail']).default('skip'),
  rollback: z.unknown().optional(),
  undo: z.unknown().optional(),
  versions: z
    .union([z.literal('all'), z.int()], { error: `must be "all" or a whole number from 1 to ${String(MAX_VERSIONS)}` })
    .default(1),
  restoreTags: z.boolean().default(true),
  restoreAcls: z.boolean().optional(),
  storageClass: z.enum(STORAGE_CLASSES).default('STANDARD'),
  encryption: z
    .strictObject({
      type: z.enum(['DESTINATION_DEFAULT', 'SSE_S3', 'SSE_KMS']),
      kmsKeyId: z.string().min(1).optional(),
    })
    .default({ type: 'DESTINATION_DEFAULT' }),
  dryRun: z.boolean().default(false),
});
type Raw = z.infer<typeof schema>;

/** Validates the input of a Restore execution. Throws `InvalidRequest` with every problem. */
export function parseRestoreRequest(input: unknown, own: { readonly buckets: readonly string[] }): RestoreRequest {
  const { value, problems } = parseStrictly(schema, input);
  problems.push(...laterFeatures(input));
  if (value) problems.push(...contradictions(value, own.buckets));
  if (!value || problems.length > 0) throw invalidRequest(problems);
  return {
    sourceBucket: value.sourceBucket,
    seq: value.recoveryPointId === 'latest' ? undefined : Number(value.recoveryPointId.split('/')[1]),
    items: value.items?.map(toSelector),
    itemsFile: value.itemsFile === undefined ? undefined : parseS3Uri(value.itemsFile),
    destinationBucket: value.destinationBucket ?? value.sourceBucket,
    createBucket: value.createBucket,
    destinationPrefix: value.destinationPrefix,
    onExisting: value.onExisting,
    versions: value.versions,
    restoreTags: value.restoreTags,
    restoreAcls: value.restoreAcls ?? true,
    insistOnAcls: value.restoreAcls === true,
    storageClass: value.storageClass,
    encryption:
      value.encryption.type === 'SSE_KMS'
        ? { type: 'SSE_KMS', kmsKeyId: value.encryption.kmsKeyId }
        : { type: value.encryption.type },
    dryRun: value.dryRun,
  };
}

/** An item ending in `/` is a prefix, any other text a key; the object forms say it outright. */
export function toSelector(raw: RawItem): ItemSelector {
  if (typeof raw === 'string') return { kind: raw.endsWith('/') ? 'prefix' : 'key', text: raw };
  return 'prefix' in raw ? { kind: 'prefix', text: raw.prefix } : { kind: 'key', text: raw.key };
}

/** Fields that this release knows by name only: refused, never ignored. */
function laterFeatures(input: unknown): string[] {
  const raw = (input ?? {}) as Record<string, unknown>;
  return ['pointInTime', 'rollback', 'undo']
    .filter((field) => raw[field] !== undefined && !(field === 'rollback' && raw[field] === false))
    .map((field) => `${field}: is not supported by this release: restore a recovery point instead`);
}

function contradictions(value: Raw, ownBuckets: readonly string[]): string[] {
  const problems = bucketNameProblem('sourceBucket', value.sourceBucket);
  if (value.destinationBucket !== undefined)
    problems.push(...bucketNameProblem('destinationBucket', value.destinationBucket));
  const destination = value.destinationBucket ?? value.sourceBucket;
  if (ownBuckets.includes(destination))
    problems.push(`destinationBucket: ${shown(destination)} belongs to the backup vault itself: choose another bucket`);
  if (value.createBucket && value.destinationBucket === undefined)
    problems.push('createBucket: needs destinationBucket, the name of the bucket to create');
  if (value.createBucket && value.destinationBucket === value.sourceBucket)
    problems.push('createBucket: destinationBucket is the source bucket itself: name a new bucket');
  if (value.recoveryPointId !== 'latest') problems.push(...recoveryPointProblem(value));
  if (typeof value.versions === 'number' && (value.versions < 1 || value.versions > MAX_VERSIONS))
    problems.push(`versions: must be "all" or from 1 to ${String(MAX_VERSIONS)}, got ${String(value.versions)}`);
  if (keyBytes(value.destinationPrefix) > MAX_KEY_BYTES)
    problems.push(
      `destinationPrefix: has ${String(keyBytes(value.destinationPrefix))} bytes, a key has at most ${String(MAX_KEY_BYTES)}`,
    );
  if (value.encryption.kmsKeyId !== undefined && value.encryption.type !== 'SSE_KMS')
    problems.push(`encryption.kmsKeyId: goes with type SSE_KMS only, got ${value.encryption.type}`);
  if (value.itemsFile !== undefined && !parseS3Uri(value.itemsFile))
    problems.push(`itemsFile: must be s3://bucket/key, got ${shown(value.itemsFile)}`);
  for (const text of textsOf(value)) {
    if (!text.isWellFormed()) problems.push(`${shown(text)}: has half of a surrogate pair, which no key can have`);
  }
  return problems;
}

const textsOf = (value: Raw): string[] => [
  value.destinationPrefix,
  ...(value.items ?? []).map((raw) => toSelector(raw).text),
];

function recoveryPointProblem(value: Raw): string[] {
  const match = /^([^/]+)\/(\d{20})$/.exec(value.recoveryPointId);
  if (!match) return [`recoveryPointId: must be "latest" or <bucket>/<20 digits>, got ${shown(value.recoveryPointId)}`];
  if (match[1] === value.sourceBucket) return [];
  return [`recoveryPointId: is of bucket ${shown(match[1])}, but sourceBucket is ${shown(value.sourceBucket)}`];
}

function parseS3Uri(uri: string): { bucket: string; key: string } | undefined {
  const match = /^s3:\/\/([^/]+)\/(.+)$/s.exec(uri);
  return match?.[1] !== undefined && match[2] !== undefined ? { bucket: match[1], key: match[2] } : undefined;
}
