import { z } from 'zod';
import { invalidRequest } from '../contract/errors';
import type { Scheduled } from '../contract/steps';
import { bucketNameProblem } from './bucket-name';
import { parseStrictly } from './parse';

/** Input of the Backup execution, with its defaults. */
export interface BackupRequest {
  readonly bucket: string;
  readonly source: 'auto' | 'inventory' | 'listing';
  /** Oldest inventory report that the job may read, by the start of its scan. */
  readonly maxSourceAgeMinutes?: number;
  readonly versions: 'ALL' | 'CURRENT';
  readonly metadata: 'EVENTS' | 'FULL';
  /** Absent: kept for ever. */
  readonly deleteAfterDays?: number;
  readonly recoveryPointTags?: Readonly<Record<string, string>>;
  readonly scheduled?: Scheduled;
}

/** AWS Backup keeps recovery points for at most 36,500 days (100 years). */
const MAX_DAYS = 36_500;
const MAX_TAGS = 50;
const MAX_SOURCE_AGE = 14 * 24 * 60;

const instant = z.iso.datetime({ offset: false, error: 'must be an instant in UTC such as 2026-11-22T10:15:00Z' });
const tagText = (max: number): z.ZodString => z.string().max(max, `must have at most ${String(max)} characters`);

const schema = z.strictObject({
  bucket: z.string(),
  source: z.enum(['auto', 'inventory', 'listing', 'changes']).default('auto'),
  maxSourceAgeMinutes: z
    .int()
    .min(1, 'must be at least 1 minute')
    .max(MAX_SOURCE_AGE, `must be at most ${String(MAX_SOURCE_AGE)} minutes (14 days, as long as reports are kept)`)
    .optional(),
  versions: z.enum(['ALL', 'CURRENT']).default('ALL'),
  metadata: z.enum(['EVENTS', 'FULL']).default('EVENTS'),
  deleteAfterDays: z
    .int()
    .min(1, 'must be at least 1 day')
    .max(MAX_DAYS, `must be at most ${String(MAX_DAYS)} days`)
    .optional(),
  recoveryPointTags: z
    .record(tagText(128).min(1, 'a tag key must not be empty'), tagText(256))
    .refine((tags) => Object.keys(tags).length <= MAX_TAGS, `must have at most ${String(MAX_TAGS)} tags`)
    .optional(),
  scheduled: z
    .strictObject({
      plan: z.string(),
      rule: z.string(),
      scheduledTime: instant,
      startBy: instant,
      completeBy: instant,
      notBefore: instant.optional(),
    })
    .optional(),
});

/** Fractions of a second make texts of different lengths: instants are compared, not texts. */
const isAfter = (a: string, b: string): boolean => Date.parse(a) > Date.parse(b);

/** Validates the input of a Backup execution. Throws `InvalidRequest` with every problem. */
export function parseBackupRequest(input: unknown, own: { readonly buckets: readonly string[] }): BackupRequest {
  const { value, sound, problems } = parseStrictly(schema, input);
  const raw = input as { bucket?: unknown; source?: unknown } | null;
  if (typeof raw?.bucket === 'string') problems.push(...bucketNameProblem('bucket', raw.bucket));
  if (own.buckets.includes(raw?.bucket as string))
    problems.push(
      `bucket: "${String(raw?.bucket)}" belongs to the backup vault itself, which cannot be a protected bucket`,
    );
  if (raw?.source === 'changes')
    problems.push(`source: "changes" is not supported by this release: use "listing", "inventory" or "auto"`);
  const tags = (input as { recoveryPointTags?: unknown } | null)?.recoveryPointTags;
  if (typeof tags === 'object' && tags !== null && Object.hasOwn(tags, '__proto__'))
    problems.push('recoveryPointTags: "__proto__" cannot be a tag key');
  if (sound.scheduled && isAfter(sound.scheduled.startBy, sound.scheduled.completeBy))
    problems.push('scheduled: startBy must not be after completeBy');
  if (sound.scheduled && isAfter(sound.scheduled.scheduledTime, sound.scheduled.startBy))
    problems.push('scheduled: scheduledTime must not be after startBy');
  if (!value || value.source === 'changes' || problems.length > 0) throw invalidRequest(problems);
  return { ...value, source: value.source };
}
