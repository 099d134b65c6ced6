import type { z } from 'zod';

/** Validates with a schema and collects every problem as `path: sentence`, so that a caller can add its own. */
export function parseStrictly<T>(schema: z.ZodType<T>, input: unknown): { value?: T; problems: string[] } {
  const result = schema.safeParse(input);
  if (result.success) return { value: result.data, problems: [] };
  return { problems: result.error.issues.map((issue) => describe(issue, input)) };
}

function describe(issue: z.core.$ZodIssue, input: unknown): string {
  const path = issue.path.map(String).join('.') || 'input';
  if (issue.code === 'unrecognized_keys')
    return `${path === 'input' ? '' : `${path}: `}unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}`;
  const got = valueAt(input, issue.path);
  if (issue.code === 'invalid_type')
    return got === undefined
      ? `${path}: is required (${issue.expected})`
      : `${path}: must be ${article(issue.expected)}, got ${shown(got)}`;
  if (issue.code === 'invalid_value')
    return `${path}: must be one of ${issue.values.map(shown).join(', ')}, got ${shown(got)}`;
  return `${path}: ${issue.message}, got ${shown(got)}`;
}

const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);

const MAX_SHOWN = 80;
/** JSON of a value, short enough for an error message. */
export function shown(value: unknown): string {
  const text = (JSON.stringify(value) as string | undefined) ?? String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
