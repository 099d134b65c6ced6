/** Buckets of the end-to-end tests. The app selects them, the tests make them. */
export const Bucket = {
  /** With ACLs, and all that is hard to back up. */
  sample: 'e2e-sample',
  /** Small objects without tags, ACLs off. */
  plain: 'e2e-plain',
  /** For jobs that run at the same time, and for records and events. */
  busy: 'e2e-busy',
  records: 'e2e-records',
  /** For choices that a request has. */
  choices: 'e2e-choices',
  /** Rolled back by removing delete markers. */
  deleted: 'e2e-deleted',
  /** Backed up by S3 Inventory. */
  inventory: 'e2e-inventory',
  /** More than one page of a listing. */
  markers: 'e2e-markers',
  scheduled: ['e2e-scheduled-a', 'e2e-scheduled-b'],
  /** Of the stack with small units, which makes this one itself. */
  small: 'e2e-small',
  unversioned: 'e2e-unversioned',
  suspended: 'e2e-suspended',
  /** Selected, but another account's. */
  foreign: 'e2e-foreign',
  /** Selected, but nobody ever makes it. */
  missing: 'e2e-missing',
  /** Not selected by any plan. */
  unselected: 'e2e-unselected',
} as const;

const { sample, plain, choices, deleted, inventory, markers, busy, records, unversioned, suspended, foreign, missing } =
  Bucket;

/** Those that the main stack's plan selects. */
export const selectedBuckets = [
  ...[sample, plain, choices, deleted, inventory, markers, busy, records],
  ...[unversioned, suspended, foreign, missing],
];
