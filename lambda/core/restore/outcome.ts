import type { ChecksumAlgorithm } from '../objects/properties';
import type { RestoreAction, RestoreOp } from './actions';

export type PutOp = Extract<RestoreOp, { kind: 'put' }>;
export type CopyOp = Extract<RestoreOp, { kind: 'copy' }>;

export type FailureReason =
  /** The vault's body, or the copy of it in the destination, is not the recorded one. */
  | 'damaged'
  /** The copy is there, but S3 gives no checksum of the kind that was recorded. */
  | 'not-verifiable'
  /** The object was there, but S3 refused its tags, which are too large to come with it. */
  | 'tags-not-written'
  /** An earlier attempt left the version out and went on with newer ones. */
  | 'not-finished'
  | 'access-denied'
  | 'invalid'
  /** The vault has lost the body. */
  | 'missing'
  /** Of an undo: S3 does not copy the version before it is thawed, or not without the customer's key. */
  | 'archived'
  | 'sse-c';

/** An object in the destination that proved wrong, or whose tags could not be written. */
export interface WrongCopy {
  readonly versionId?: string;
  readonly etag: string;
  /** Version ID of the delete marker that hides it; absent when the destination allowed none. */
  readonly hiddenBy?: string;
  /** Somebody else wrote over it before it could be hidden. */
  readonly overwritten?: true;
}

/** What became of one write. */
export type OpOutcome =
  | {
      readonly kind: 'restored';
      readonly versionId?: string;
      readonly etag: string;
      /** Verified by reading the object, because S3 gave no checksum to compare. */
      readonly read: boolean;
      /** The bucket refused the ACL: the object was written without it. */
      readonly withoutAcl?: boolean;
      /** Found after an attempt that died before it wrote the tags, which no header holds: they are still to be written. */
      readonly withoutTags?: true;
      /** The bucket's own version, current again since its delete markers are gone: nothing was written. */
      readonly uncovered?: true;
      /** A copy within the bucket of which S3 has no checksum that could be compared. */
      readonly uncompared?: boolean;
    }
  | { readonly kind: 'marked'; readonly versionId?: string }
  | { readonly kind: 'failed'; readonly reason: FailureReason; readonly wrong?: WrongCopy }
  /** Somebody else wrote the key meanwhile. */
  | { readonly kind: 'precondition-failed' };

/** An upload that copies one body by parts over several turns. */
export interface OpenUpload {
  readonly uploadId: string;
  /** The bucket refused the ACL: the upload was begun without it. */
  readonly withoutAcl?: boolean;
  /** Algorithm of its checksum. @default CRC64NVME */
  readonly checksum?: ChecksumAlgorithm;
  /** The bucket's own version could not be copied: the parts are those of the vault. */
  readonly fromVault?: boolean;
}

/** How far a key has come. A turn's file carries it to the next turn, which goes on exactly there. */
export interface KeyProgress {
  /** By the number of the op; null where nothing is settled yet. */
  readonly outcomes: readonly (OpOutcome | null)[];
  /** Of the first op that is not settled. */
  readonly upload?: OpenUpload;
  /** How often its upload was begun anew, as the key was written or deleted under it. */
  readonly restarts?: number;
}

export const isSettled = (progress: KeyProgress | undefined): boolean =>
  progress?.outcomes.every((outcome) => outcome !== null) ?? false;

/** What this job last wrote under a key, so that it is current there unless somebody wrote after it. */
export interface Top {
  /** Number of the op. */
  readonly index: number;
  readonly versionId?: string;
  /** Absent for a delete marker. */
  readonly etag?: string;
}

export function topOf(outcomes: KeyProgress['outcomes']): Top | undefined {
  for (let index = outcomes.length - 1; index >= 0; index--) {
    const outcome = outcomes[index];
    if (outcome?.kind === 'restored') return { index, versionId: outcome.versionId, etag: outcome.etag };
    if (outcome?.kind === 'marked') return { index, versionId: outcome.versionId };
    if (outcome?.kind !== 'failed' || !outcome.wrong) continue;
    const { versionId, etag, hiddenBy } = outcome.wrong;
    return hiddenBy === undefined ? { index, versionId, etag } : { index, versionId: hiddenBy };
  }
  return undefined;
}

/**
 * Why a delete marker is not written: all versions under it failed, and it would hide nothing of this job, or somebody's object.
 * Undefined when there is something under it.
 */
export function markerRefusal(outcomes: KeyProgress['outcomes'], index: number): FailureReason | undefined {
  const below = outcomes.slice(0, index);
  if (below.some((outcome) => outcome?.kind === 'restored')) return undefined;
  const failed = below.findLast((outcome) => outcome?.kind === 'failed');
  return failed?.kind === 'failed' ? failed.reason : undefined;
}

/** What must be current when the next version of the key is written. */
export function nextCondition(
  action: RestoreAction,
  outcomes: KeyProgress['outcomes'],
):
  | { readonly ifAbsent: true; readonly ifMatch?: undefined }
  | { readonly ifMatch: string; readonly ifAbsent?: undefined } {
  const top = topOf(outcomes);
  const current = top ? top.etag : action.replaces;
  return current === undefined ? { ifAbsent: true } : { ifMatch: current };
}
