import type { JobType } from '../../ports/catalog';

const MAX_BUCKET_NAME = 63;

/** What a record says of a job's input. */
export interface InputFacts {
  readonly bucket: string;
  readonly plan?: string;
  readonly rule?: string;
}

/** Reads what it can from an input that nobody has validated; undefined when it names no bucket to file the job under. */
export function factsOfInput(type: JobType, input: unknown): InputFacts | undefined {
  const request = (input ?? {}) as Record<'bucket' | 'sourceBucket' | 'scheduled', unknown>;
  const bucket = type === 'RESTORE' ? request.sourceBucket : request.bucket;
  if (typeof bucket !== 'string' || bucket === '' || bucket.length > MAX_BUCKET_NAME) return undefined;
  const { plan, rule } = (request.scheduled ?? {}) as Record<'plan' | 'rule', unknown>;
  return { bucket, plan: textOf(plan), rule: textOf(rule) };
}

/** End of the start window of a scheduled job, as its input has it. */
export const startByOf = (input: unknown): string | undefined =>
  textOf((input as { readonly scheduled?: { readonly startBy?: unknown } | null } | null)?.scheduled?.startBy);

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** What Step Functions shows of a Lambda's failure: the Lambda's own JSON, or a sentence of Step Functions. */
export function causeSentence(cause: string | undefined): string {
  if (cause === undefined || cause === '') return 'the step failed without a cause: see its log';
  try {
    const parsed = JSON.parse(cause) as { errorMessage?: unknown } | null;
    if (typeof parsed?.errorMessage === 'string') return parsed.errorMessage;
  } catch {
    // Not the JSON of a Lambda: the text itself is the cause.
  }
  return cause;
}
