import { invalidRequest } from '../../contract/errors';
import { fromIso } from '../values/instant';
import { isFields, parseStrictly } from '../values/parse';
import { contradictions, exclusions, removalProblems } from './contradictions';
import { type ItemSelector, parseS3Uri, type RawRestoreRequest, restoreSchema, toSelector } from './schema';

/** Input of the Restore execution, with its defaults. */
export interface RestoreRequest {
  readonly sourceBucket: string;
  /** Number of the commit; absent: the latest recovery point. */
  readonly seq?: number;
  /** Any second of continuous backup (epoch seconds) in the place of a recovery point. */
  readonly pointInTime?: number;
  /** Absent: the whole bucket. */
  readonly items?: readonly ItemSelector[];
  readonly itemsFile?: { readonly bucket: string; readonly key: string };
  readonly destinationBucket: string;
  readonly createBucket: boolean;
  readonly destinationPrefix: string;
  readonly onExisting: RawRestoreRequest['onExisting'];
  readonly versions: RawRestoreRequest['versions'];
  readonly restoreTags: boolean;
  readonly restoreAcls: boolean;
  /** Whether `restoreAcls: true` was asked for in so many words: then ACLs that cannot be restored are an error. */
  readonly insistOnAcls: boolean;
  readonly storageClass: string;
  readonly encryption: RestoreEncryption;
  readonly dryRun: boolean;
  /** Bring the bucket back to what it was, deletions included. */
  readonly rollback: boolean;
  /** Of a rollback: remove delete markers for good where that brings a version back. */
  readonly removeMarkers: boolean;
  /** The job whose rollback is to be undone. */
  readonly undo?: string;
  /** Whether `encryption` was asked for: else an undo takes that of its rollback. */
  readonly insistOnEncryption: boolean;
}
export type RestoreEncryption =
  | { readonly type: 'DESTINATION_DEFAULT' }
  | { readonly type: 'SSE_S3' }
  | { readonly type: 'SSE_KMS'; readonly kmsKeyId?: string };

/** What is known of the vault that a request is for. */
export interface OwnVault {
  readonly buckets: readonly string[];
  /** Whether it may remove delete markers; absent where that is not known. */
  readonly markerRemoval?: boolean;
}

/** Validates the input of a Restore execution. Throws `InvalidRequest` with every problem. */
export function parseRestoreRequest(input: unknown, own: OwnVault): RestoreRequest {
  const { value, sound, problems } = parseStrictly(restoreSchema, input);
  const isGiven = (field: string): boolean => isFields(input) && input[field] !== undefined;
  if (isFields(input)) problems.push(...exclusions(input));
  problems.push(...contradictions(sound, own.buckets), ...removalProblems(sound, own.markerRemoval));
  if (!value || problems.length > 0) throw invalidRequest(problems);
  return {
    sourceBucket: value.sourceBucket,
    seq: value.recoveryPointId === 'latest' ? undefined : Number(value.recoveryPointId.split('/')[1]),
    pointInTime: value.pointInTime === undefined ? undefined : fromIso(value.pointInTime),
    items: value.items?.map(toSelector),
    itemsFile: value.itemsFile === undefined ? undefined : parseS3Uri(value.itemsFile),
    destinationBucket: value.destinationBucket ?? value.sourceBucket,
    createBucket: value.createBucket,
    destinationPrefix: value.destinationPrefix,
    onExisting: value.rollback || value.undo !== undefined ? 'overwrite' : value.onExisting,
    versions: value.versions,
    restoreTags: value.restoreTags,
    restoreAcls: value.restoreAcls ?? true,
    insistOnAcls: value.restoreAcls === true,
    // What was current before a rollback was of any class.
    storageClass: value.undo === undefined || isGiven('storageClass') ? value.storageClass : 'ORIGINAL',
    encryption:
      value.encryption.type === 'SSE_KMS'
        ? { type: 'SSE_KMS', kmsKeyId: value.encryption.kmsKeyId }
        : { type: value.encryption.type },
    dryRun: value.dryRun,
    rollback: value.rollback,
    removeMarkers: value.removeMarkers,
    undo: value.undo,
    insistOnEncryption: isGiven('encryption'),
  };
}
