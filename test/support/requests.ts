import fc from 'fast-check';

/** Buckets of the vault itself. */
export const own = { buckets: ['the-vault'] };

/** Anything that may be given as an input, with fields that may be right. */
export const anyRequest = fc.oneof(
  fc.anything(),
  fc.record(
    {
      bucket: fc.oneof(fc.constant('good-bucket'), fc.anything()),
      sourceBucket: fc.oneof(fc.constant('good-bucket'), fc.anything()),
      versions: fc.oneof(fc.constantFrom('ALL', 'all', 1, 7), fc.anything()),
      items: fc.oneof(fc.array(fc.string()), fc.anything()),
      recoveryPointTags: fc.anything(),
      destinationPrefix: fc.anything(),
      encryption: fc.anything(),
      __proto__: fc.anything(),
    },
    { requiredKeys: [] },
  ),
);

/** Every problem that a refused input has, sorted. */
export function problemsOf(parse: (input: unknown, vault: typeof own) => unknown, input: unknown): string[] {
  try {
    parse(input, own);
  } catch (error) {
    return (error as Error).message.split('; ').sort();
  }
  throw new Error('the request was taken');
}
