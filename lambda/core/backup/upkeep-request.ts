import * as z from 'zod';
import { invalidRequest } from '../../contract/errors';
import { MAX_CONTINUOUS_DAYS } from '../../contract/steps';
import { parseStrictly } from '../values/parse';
import { type BackupRequest, bucketProblems, scheduledProblems, scheduledSchema } from './request';
const schema = z.strictObject({
  bucket: z.string(),
  action: z.enum(['auto', 'commit-changes', 'reconcile']).default('auto'),
  deleteAfterDays: z
    .int()
    .min(1, 'must be at least 1 day')
    .max(MAX_CONTINUOUS_DAYS, `must be at most ${String(MAX_CONTINUOUS_DAYS)} days`)
    .optional(),
  scheduled: scheduledSchema.optional(),
});

/** Validates the input of an Upkeep execution. Throws `InvalidRequest` with every problem. */
export function parseUpkeepRequest(input: unknown, own: { readonly buckets: readonly string[] }): BackupRequest {
  const { value, sound, problems } = parseStrictly(schema, input);
  problems.push(...bucketProblems(input, own.buckets), ...scheduledProblems(sound.scheduled));
  if (!value || problems.length > 0) throw invalidRequest(problems);
  const { bucket, action, deleteAfterDays, scheduled } = value;
  return {
    bucket,
    source: 'auto',
    versions: 'ALL',
    metadata: 'EVENTS',
    scheduled,
    upkeep: { action, days: deleteAfterDays },
  };
}
