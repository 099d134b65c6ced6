import { Token } from 'aws-cdk-lib';

/** AWS's limits of tags, which AWS Backup applies to recovery points. */
const MAX_TAGS = 50;
const MAX_KEY = 128;
const MAX_VALUE = 256;

export function requireTags(prop: string, tags: Readonly<Record<string, string>> | undefined): void {
  const entries = Object.entries(tags ?? {});
  if (entries.length > MAX_TAGS) {
    throw new Error(`\`${prop}\` must have ${MAX_TAGS} tags or fewer, got ${entries.length}; remove some`);
  }
  for (const [key, value] of entries) {
    if (key.length < 1 || key.length > MAX_KEY) {
      throw new Error(
        `keys of \`${prop}\` must have 1 to ${MAX_KEY} characters, got ${key.length} for the key "${key}"`,
      );
    }
    if (!Token.isUnresolved(value) && value.length > MAX_VALUE) {
      throw new Error(
        `values of \`${prop}\` must have at most ${MAX_VALUE} characters, got ${value.length} for the key "${key}"`,
      );
    }
  }
}
