import type { Counts } from '../../lambda/core/values/counts';
import type { BucketState } from '../../lambda/usecases/browse/state';
import { byCount, number } from './format';

/** What the doubts about a state of a bucket mean. */
export const DOUBTS: Readonly<Record<string, string>> = {
  'not-captured-yet': 'changes of that time may still be under way: try later',
  'not-reconciled': 'no listing has confirmed that time yet',
  'coverage-gap': 'capture was off at that time',
  'metadata-missed':
    'tags and ACLs may have changed without an event that told the vault: a backup with metadata FULL reads them',
  'unknown-version': 'a version that no event has told of was deleted later: it may have been there',
  'same-second': 'versions of one second whose order nobody told',
  removal: 'a version may have been deleted for good by then',
  visibility: 'an upload may not have ended by then',
  tags: 'tags were changed again, or their version deleted, before they were read',
  acl: 'the ACL was changed again, or its version deleted, before it was read',
  'not-stored': 'the version is known, its body is not',
};

export const explained = (doubt: string): string => `${doubt} (${DOUBTS[doubt] ?? doubt})`;

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
