import { z } from 'zod';

interface Parsed<T> {
  /** Absent when there are problems. */
  readonly value?: T;
  /**
   * The fields that are right in themselves, defaults included: what a caller looks for contradictions in. One that may be
   * left out, and is, is there as undefined; one that is wrong is not there.
   */
  readonly sound: Partial<T>;
  readonly problems: string[];
}

/** Validates with a schema and collects every problem as `path: sentence`, so that a caller can add its own. */
export function parseStrictly<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape, z.core.$strict>,
  input: unknown,
): Parsed<z.output<z.ZodObject<Shape, z.core.$strict>>> {
  const result = schema.safeParse(input);
  const sound = soundFields(schema.shape, input) as Partial<z.output<z.ZodObject<Shape, z.core.$strict>>>;
  if (result.success) return { value: result.data, sound, problems: [] };
  return { sound, problems: result.error.issues.map((issue) => describe(issue, input)) };
}

function soundFields(shape: z.ZodRawShape, input: unknown): Record<string, unknown> {
  const raw = isFields(input) ? input : {};
  const sound: [string, unknown][] = [];
  for (const [name, schema] of Object.entries(shape)) {
    const result = z.safeParse(schema, Object.hasOwn(raw, name) ? raw[name] : undefined);
    if (result.success) sound.push([name, result.data]);
  }
  return Object.fromEntries(sound);
}

/** Whether an input has fields at all. */
export const isFields = (input: unknown): input is Readonly<Record<string, unknown>> =>
  typeof input === 'object' && input !== null && !Array.isArray(input);

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
