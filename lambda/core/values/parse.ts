import * as z from 'zod';

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
  const result = schema.safeParse(input, { error: sentence });
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
      ? `${path}: is required (${named(issue.expected)})`
      : `${path}: must be ${article(issue.expected)}, got ${shown(got)}`;
  if (issue.code === 'invalid_key')
    return `${issue.path.slice(0, -1).map(String).join('.')}: ${issue.issues[0]?.message ?? 'wrong key'}, got ${shown(issue.path.at(-1))}`;
  if (issue.code === 'invalid_value')
    return `${path}: must be one of ${issue.values.map(shown).join(', ')}, got ${shown(got)}`;
  return `${path}: ${issue.message}, got ${shown(got)}`;
}

/** What is said of a value where the schema has no words of its own. */
function sentence(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'too_small') return bound(issue.origin, `at least ${String(issue.minimum)}`, issue.minimum);
  if (issue.code === 'too_big' && issue.maximum === Number.MAX_SAFE_INTEGER) return 'is too large';
  if (issue.code === 'too_big') return bound(issue.origin, `at most ${String(issue.maximum)}`, issue.maximum);
  return undefined;
}

const COUNTED: Readonly<Record<string, string>> = { string: 'character', array: 'item', set: 'item' };
function bound(origin: string, limit: string, count: number | bigint): string {
  const unit = COUNTED[origin];
  return unit === undefined ? `must be ${limit}` : `must have ${limit} ${count === 1 ? unit : `${unit}s`}`;
}

/** Names of types that are no words of JSON. */
const TYPES: Readonly<Record<string, string>> = { int: 'whole number', record: 'object' };
const named = (type: string): string => TYPES[type] ?? type;
const article = (type: string): string => (/^[aeiou]/.test(named(type)) ? `an ${named(type)}` : `a ${named(type)}`);

const valueAt = (input: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value as Record<PropertyKey, unknown> | undefined)?.[key], input);

const MAX_SHOWN = 80;
/** JSON of a value, short enough for an error message. A number that JSON's parser rounded is not what was given. */
export function shown(value: unknown): string {
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return 'a number beyond 2^53';
  const text = (JSON.stringify(value) as string | undefined) ?? String(value);
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`;
}
