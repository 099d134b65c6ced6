import { shown } from './parse';

/** S3's rules for general purpose bucket names, and what looks like a bucket name but is none. */
export function bucketNameProblem(field: string, name: string): string[] {
  const no = (why: string): string[] => [`${field}: ${shown(name)} ${why}`];
  if (name.startsWith('arn:')) return no('is an ARN: use the name of the bucket');
  if (name.endsWith('--x-s3'))
    return no(
      'is a directory bucket, which has no versioning and cannot be backed up: choose a general purpose bucket',
    );
  if (name.endsWith('-s3alias')) return no('is an access point alias: use the name of its bucket');
  if (name.endsWith('--op-s3'))
    return no('is an S3 on Outposts alias, which is not supported: choose a bucket of the Region');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
    return no(
      'is not a bucket name: it must have 3 to 63 of the characters a-z, 0-9, "." and "-", and begin and end with a letter or digit',
    );
  return [];
}
