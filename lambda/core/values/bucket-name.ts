import { shown } from './parse';

/** S3's rules for general purpose bucket names, and what looks like a bucket name but is none. */
export function bucketNameProblem(field: string, name: string): string[] {
  const no = (why: string): string[] => [`${field}: ${shown(name)} ${why}`];
  if (name.startsWith('arn:')) return no('is an ARN: give the name of a bucket');
  if (name.endsWith('--x-s3')) return no('is a directory bucket, which cannot be versioned and so cannot be backed up');
  if (name.endsWith('-s3alias')) return no('is an access point alias: give the name of its bucket');
  if (name.endsWith('--op-s3')) return no('is an S3 on Outposts alias: Outposts are not supported');
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) || name.includes('..'))
    return no('is not a bucket name: 3 to 63 of a-z, 0-9, "." and "-", beginning and ending with a letter or digit');
  return [];
}
