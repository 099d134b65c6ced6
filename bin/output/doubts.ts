import type { Doubt } from '../../lambda/core/history/view';
import type { Counts } from '../../lambda/core/values/counts';
import type { BucketState } from '../../lambda/usecases/browse/state';
import type { CoverageDoubt } from '../../lambda/usecases/history/at';
import { byCount, number } from './format';

/** What the doubts about a state of a bucket mean; a new one does not compile until it is explained. */
export const DOUBTS: Readonly<Record<Doubt | CoverageDoubt, string>> = {
  'not-captured-yet': 'events for changes before this time may still be in flight; retry later',
  'not-reconciled': 'no comparison with the bucket has confirmed this time yet',
  'coverage-gap': 'changes were not captured at this time',
  'metadata-missed':
    'tags or ACLs may have changed without a captured event; a backup with metadata FULL reads them again',
  'unknown-version':
    'a version that was later permanently deleted may have existed at this time; no event recorded its creation',
  'same-second': 'the order of versions within one second is unknown',
  'marker-date': 'a delete marker was gone before S3 said its date; it may have hidden nothing',
  removal: 'a version may already have been permanently deleted at this time',
  visibility: 'a version may not have arrived yet at this time: it is a replica, or an upload',
  tags: 'the tags changed again, or their version was deleted, before they were read',
  acl: 'the ACL changed again, or its version was deleted, before it was read',
  'not-stored': 'the version is known, but its body is not stored',
};

/** A newer vault may have doubts that this release does not know. */
export const explained = (doubt: string): string =>
  doubt in DOUBTS ? `${doubt} (${DOUBTS[doubt as keyof typeof DOUBTS]})` : doubt;

/** `3 removal (a version may …), 1 tags (…)`. */
export const explainedCounts = (counts: Readonly<Counts>): string =>
  byCount(counts)
    .map(([doubt, count]) => `${number(count)} ${explained(doubt)}`)
    .join(', ');

/** Which state is read, and in one sentence why nothing of it is certain, if so. */
export function stateText({ bucket, asOf, recoveryPointId, coverage }: BucketState): string {
  const what = `${bucket} as of ${asOf} (${recoveryPointId})`;
  if (!coverage || coverage.doubts.length === 0) return what;
  return `${what}, not exact: ${coverage.doubts.map(explained).join(', ')}${coverage.capturedThrough === undefined ? '' : `; captured until ${coverage.capturedThrough}`}`;
}
