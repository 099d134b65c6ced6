import { Token } from 'aws-cdk-lib';

/** The partition may be a token (`Aws.PARTITION`), whose text in a string has no colon. */
const BUCKET_ARN = /^arn:[^:]+:s3:::(.+)$/;

/** Also what buckets made before 2018 in us-east-1 may be called. */
const BUCKET_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/;

const GENERAL_PURPOSE = 'only general purpose buckets can be backed up';

/** What an ARN that is no bucket's names instead, by how it looks. */
const FOREIGN_KINDS: readonly (readonly [RegExp, string])[] = [
  [/^arn:[^:]*:s3express:/, 'a directory bucket'],
  [/^arn:[^:]*:s3-outposts:/, 'a bucket or access point on Outposts'],
  [/^arn:[^:]*:s3-object-lambda:/, 'an Object Lambda access point'],
  [/^arn:[^:]*:s3tables:/, 'a table bucket'],
  [/^arn:[^:]*:s3vectors:/, 'a vector bucket'],
  [/^arn:[^:]*:s3:[^:]*:[^:]*:accesspoint[/:]/, 'an access point'],
];

/**
 * Name of the bucket of an ARN, or undefined where it is a token. Throws for an ARN of anything else; one that is a
 * token as a whole passes, and the job checks it.
 */
export function parseBucketArn(arn: string): string | undefined {
  for (const [pattern, kind] of FOREIGN_KINDS) {
    if (pattern.test(arn)) {
      throw new Error(`${GENERAL_PURPOSE}, got "${arn}", which is ${kind}; use the ARN of a general purpose bucket`);
    }
  }
  const name = BUCKET_ARN.exec(arn)?.[1];
  if (name === undefined) {
    if (Token.isUnresolved(arn)) {
      return undefined;
    }
    throw new Error(`\`arn\` must be the ARN of a bucket, got "${arn}"; use one such as arn:aws:s3:::my-bucket`);
  }
  if (name.includes('/')) {
    throw new Error(
      `\`arn\` must name a whole bucket, got "${arn}", which names objects; remove what follows the bucket name`,
    );
  }
  if (!Token.isUnresolved(name) && /[*?]/.test(name)) {
    throw new Error(`\`arn\` must name one bucket, got the pattern "${arn}"; add one resource for each bucket`);
  }
  if (Token.isUnresolved(name)) {
    return undefined;
  }
  requireGeneralPurposeBucket(name);
  if (!BUCKET_NAME.test(name)) {
    throw new Error(
      `\`arn\` must be the ARN of a bucket, got "${arn}", which is not a valid bucket name; check the ARN`,
    );
  }
  return name;
}

/** Some kinds of buckets, and aliases of access points, show in the name. */
export function requireGeneralPurposeBucket(name: string): void {
  if (Token.isUnresolved(name)) {
    return;
  }
  const kind = name.endsWith('--x-s3')
    ? 'a directory bucket'
    : name.endsWith('--op-s3')
      ? 'an access point on Outposts'
      : /(-s3alias|--ol-s3|\.mrap)$/.test(name)
        ? 'an alias of an access point'
        : undefined;
  if (kind !== undefined) {
    throw new Error(`${GENERAL_PURPOSE}, got "${name}", which is ${kind}; use the name of the bucket itself`);
  }
}
