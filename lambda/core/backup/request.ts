import * as z from 'zod';
import { invalidRequest } from '../../contract/errors';
import type { Scheduled } from '../../contract/steps';
import { bucketNameProblem } from '../values/bucket-name';
import { parseStrictly } from '../values/parse';

/** Input of the Backup execution, with its defaults. */
export interface BackupRequest {
  readonly bucket: string;
  readonly source: 'auto' | 'inventory' | 'listing' | 'changes';
  /** Oldest inventory report that the job may read, by the start of its scan. */
  readonly maxSourceAgeMinutes?: number;
  readonly versions: 'ALL' | 'CURRENT';
  readonly metadata: 'EVENTS' | 'FULL';
  /** Absent: kept for ever. */
  readonly deleteAfterDays?: number;
  readonly recoveryPointTags?: Readonly<Record<string, string>>;
  readonly scheduled?: Scheduled;
  /** The job keeps a continuous backup up to date, and makes no recovery point. */
  readonly upkeep?: UpkeepFacts;
}

/** AWS Backup keeps recovery points for at most 36,500 days (100 years). */
const MAX_DAYS = 36_500;
const MAX_TAGS = 50;
const MAX_SOURCE_AGE = 14 * 24 * 60;

const instant = z.iso.datetime({ offset: false, error: 'must be an instant in UTC such as 2026-11-22T10:15:00Z' });

export const scheduledSchema = z.strictObject({
  plan: z.string(),
  rule: z.string(),
  scheduledTime: instant,
  startBy: instant,
  completeBy: instant,
  notBefore: instant.optional(),
});

const schema = z.strictObject({
  bucket: z.string(),
  source: z.enum(['auto', 'inventory', 'listing', 'changes']).default('auto'),
  maxSourceAgeMinutes: z
    .int()
    .min(1, 'must be at least 1 minute')
    .max(MAX_SOURCE_AGE, `must be at most ${String(MAX_SOURCE_AGE)} minutes (14 days, the lifetime of reports)`)
    .optional(),
  versions: z.enum(['ALL', 'CURRENT']).default('ALL'),
  metadata: z.enum(['EVENTS', 'FULL']).default('EVENTS'),
  deleteAfterDays: z
    .int()
    .min(1, 'must be at least 1 day')
    .max(MAX_DAYS, `must be at most ${String(MAX_DAYS)} days`)
    .optional(),
  recoveryPointTags: z
    .record(
      z.string().min(1, 'a tag key must not be empty').max(128, 'a tag key must have at most 128 characters'),
      z.string().max(256, 'must have at most 256 characters'),
    )
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `must have at most ${String(MAX_TAGS)} tags`)
    .optional(),
  scheduled: scheduledSchema.optional(),
});

/** Fractions of a second make texts of different lengths: instants are compared, not texts. */
const isAfter = (a: string, b: string): boolean => Date.parse(a) > Date.parse(b);

/** Validates the input of a Backup execution. Throws `InvalidRequest` with every problem. */
export function parseBackupRequest(input: unknown, own: { readonly buckets: readonly string[] }): BackupRequest {
  const { value, sound, problems } = parseStrictly(schema, input);
  problems.push(...bucketProblems(input, own.buckets));
  const tags = (input as { recoveryPointTags?: unknown } | null)?.recoveryPointTags;
  if (typeof tags === 'object' && tags !== null && Object.hasOwn(tags, '__proto__'))
    problems.push('recoveryPointTags: "__proto__" cannot be a tag key');
  problems.push(...scheduledProblems(sound.scheduled));
  if (sound.source === 'changes' && sound.versions === 'CURRENT')
    problems.push('versions: must be ALL with source "changes", which captures all versions, got "CURRENT"');
  if (sound.source === 'changes' && sound.metadata === 'FULL')
    problems.push('metadata: must be EVENTS with source "changes", which reads no tags and ACLs again, got "FULL"');
  if (!value || problems.length > 0) throw invalidRequest(problems);
  return value;
}

/** What is wrong with the bucket of a request. */
export function bucketProblems(input: unknown, ownBuckets: readonly string[]): string[] {
  const bucket = (input as { bucket?: unknown } | null)?.bucket;
  const problems: string[] = [];
  if (typeof bucket === 'string') problems.push(...bucketNameProblem('bucket', bucket));
  if (ownBuckets.includes(bucket as string))
    problems.push(
      `bucket: "${String(bucket)}" belongs to the backup vault itself, which cannot be a protected bucket: choose another bucket`,
    );
  return problems;
}

/** What is wrong with the order of the times that a schedule sets. */
export function scheduledProblems(scheduled: Scheduled | undefined): string[] {
  const problems: string[] = [];
  if (scheduled && isAfter(scheduled.startBy, scheduled.completeBy))
    problems.push('scheduled: startBy must not be after completeBy');
  if (scheduled && isAfter(scheduled.scheduledTime, scheduled.startBy))
    problems.push('scheduled: scheduledTime must not be after startBy');
  return problems;
}

/** What an Upkeep execution does for a bucket with continuous backup. */
export interface UpkeepFacts {
  /** `auto` compares with the bucket once a day, at the first run, and after a gap. */
  readonly action: 'auto' | 'commit-changes' | 'reconcile';
  /** How far back any second can be restored; absent: as before. */
  readonly days?: number;
}
