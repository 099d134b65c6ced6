import { charactersProblem, lengthProblem } from '../keys/problems';
import { bucketNameProblem } from '../values/bucket-name';
import { isInstant } from '../values/instant';
import { shown } from '../values/parse';
import { MAX_VERSIONS, parseS3Uri, type RawRestoreRequest, toSelector } from './schema';

/** What is wrong with a restore request whose fields have the right types, or with those of its fields that have. */

type Sound = Partial<RawRestoreRequest>;
type Fields = Readonly<Record<string, unknown>>;

/** What says how objects are written. What is written, and where, the rollback has noted down. */
const UNDO_GOES_WITH: readonly string[] = [
  'undo',
  'sourceBucket',
  'dryRun',
  'restoreTags',
  'restoreAcls',
  'storageClass',
  'encryption',
];

/** Fields that never go together, whatever their values are. */
export function exclusions(raw: Fields): string[] {
  const given = (field: string): boolean => raw[field] !== undefined;
  const problems: string[] = [];
  if (given('recoveryPointId') && given('pointInTime'))
    problems.push('pointInTime: cannot be combined with recoveryPointId: remove one of them');
  if (raw.rollback === true) {
    if (given('versions') && raw.versions !== 1)
      problems.push(`versions: must be 1 with rollback, got ${shown(raw.versions)}`);
    if (given('onExisting') && raw.onExisting !== 'overwrite')
      problems.push(`onExisting: must be "overwrite" with rollback, got ${shown(raw.onExisting)}`);
    if (given('destinationBucket') && raw.destinationBucket !== raw.sourceBucket)
      problems.push(`destinationBucket: must be the source bucket with rollback, got ${shown(raw.destinationBucket)}`);
    if (given('destinationPrefix') && raw.destinationPrefix !== '')
      problems.push(`destinationPrefix: must be empty with rollback, got ${shown(raw.destinationPrefix)}`);
  }
  const others = given('undo')
    ? Object.keys(raw).filter((field) => given(field) && !UNDO_GOES_WITH.includes(field))
    : [];
  if (others.length > 0)
    problems.push(`undo: cannot be combined with ${others.map(shown).join(', ')}: remove these fields`);
  return problems;
}

/** Markers are removed only in a rollback, and only by a vault that is allowed to; `allowed` is undefined where nobody knows. */
export function removalProblems({ rollback, removeMarkers, undo }: Sound, allowed: boolean | undefined): string[] {
  if (!removeMarkers || undo !== undefined) return [];
  const problems: string[] = [];
  if (rollback === false) problems.push('removeMarkers: requires "rollback": true');
  if (allowed === false)
    problems.push(
      'removeMarkers: this vault may not remove delete markers: deploy it with allowMarkerRemoval, or omit the field',
    );
  return problems;
}

export function contradictions(value: Sound, ownBuckets: readonly string[]): string[] {
  return [
    ...destinationProblems(value, ownBuckets),
    ...recoveryPointProblem(value),
    ...pointInTimeProblem(value),
    ...versionsProblem(value),
    ...encryptionProblem(value),
    ...itemsFileProblem(value),
    ...textProblems(value),
  ];
}

function destinationProblems(value: Sound, ownBuckets: readonly string[]): string[] {
  const { sourceBucket, destinationBucket, createBucket } = value;
  const problems: string[] = [];
  if (sourceBucket !== undefined) problems.push(...bucketNameProblem('sourceBucket', sourceBucket));
  if (destinationBucket !== undefined) problems.push(...bucketNameProblem('destinationBucket', destinationBucket));
  // A destination of a wrong type is no reason to speak of the source bucket.
  const destination = destinationBucket ?? ('destinationBucket' in value ? sourceBucket : undefined);
  if (destination !== undefined && ownBuckets.includes(destination))
    problems.push(`destinationBucket: ${shown(destination)} belongs to the backup vault itself: choose another bucket`);
  if (createBucket === true && 'destinationBucket' in value) {
    if (destinationBucket === undefined)
      problems.push('createBucket: requires destinationBucket, the name of the bucket to create');
    else if (destinationBucket === sourceBucket)
      problems.push('createBucket: destinationBucket is the source bucket itself: choose the name of a new bucket');
  }
  return problems;
}

function versionsProblem({ versions }: Sound): string[] {
  if (typeof versions !== 'number' || (versions >= 1 && versions <= MAX_VERSIONS)) return [];
  return [`versions: must be "all" or a whole number from 1 to ${String(MAX_VERSIONS)}, got ${String(versions)}`];
}

function encryptionProblem({ encryption }: Sound): string[] {
  if (encryption?.kmsKeyId === undefined || encryption.type === 'SSE_KMS') return [];
  return [`encryption.kmsKeyId: requires type SSE_KMS, got ${encryption.type}`];
}

function itemsFileProblem({ itemsFile }: Sound): string[] {
  if (itemsFile === undefined || parseS3Uri(itemsFile)) return [];
  return [`itemsFile: must be s3://bucket/key, got ${shown(itemsFile)}`];
}

function textProblems({ destinationPrefix = '', items = [] }: Sound): string[] {
  const texts = items.map((raw) => toSelector(raw).text);
  const problems = [destinationPrefix, ...texts].flatMap((text) =>
    charactersProblem(text).map((p) => `${shown(text)}: ${p}`),
  );
  problems.push(...texts.flatMap((text) => lengthProblem(text).map((p) => `items: ${shown(text)} ${p}`)));
  problems.push(...lengthProblem(destinationPrefix).map((p) => `destinationPrefix: ${p}`));
  return problems;
}

export function recoveryPointProblem({
  recoveryPointId,
  sourceBucket,
}: Pick<Sound, 'recoveryPointId' | 'sourceBucket'>): string[] {
  if (recoveryPointId === undefined || recoveryPointId === 'latest') return [];
  const match = /^([^/]+)\/(\d{20})$/.exec(recoveryPointId);
  if (!match) return [`recoveryPointId: must be "latest" or <bucket>/<20 digits>, got ${shown(recoveryPointId)}`];
  if (sourceBucket === undefined || match[1] === sourceBucket) return [];
  return [`recoveryPointId: belongs to bucket ${shown(match[1])}, but sourceBucket is ${shown(sourceBucket)}`];
}

export function pointInTimeProblem({ pointInTime }: Pick<Sound, 'pointInTime'>): string[] {
  if (pointInTime === undefined || isInstant(pointInTime)) return [];
  return [
    `pointInTime: must be an instant in UTC with whole seconds, such as 2026-11-22T10:15:00Z, got ${shown(pointInTime)}`,
  ];
}
