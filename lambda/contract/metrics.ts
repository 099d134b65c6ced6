/**
 * CloudWatch namespace of all metrics. Each has the dimension `Vault`. Where the vault asks for it, those of a bucket are there a second time, with
 * `Bucket` as well: each is a metric more to pay for.
 */
export const METRIC_NAMESPACE = 'cdk-s3-backup';

export const MetricDimension = { vault: 'Vault', bucket: 'Bucket' } as const;

/** Names of metrics. Alarms and dashboards of users refer to them: they are never renamed. */
export const MetricName = {
  /** Versions that were stored within moments of being written. Count. */
  versionsCaptured: 'VersionsCaptured',
  /** Versions that were gone before they could be read. Count. */
  versionsLost: 'VersionsLost',
  /** Versions that the vault may not read: when their events come, and all there are at each job of continuous backup. Count. */
  versionsRefused: 'VersionsRefused',
  /** Events whose key was URL-encoded: their versions were found under the decoded key. Count. */
  keysDecoded: 'KeysDecoded',
  /** From the event of a change to its place in the change log. Seconds. */
  captureLag: 'CaptureLag',
  /** Age of the oldest captured change that no commit has taken in. Seconds. */
  uncommittedAge: 'UncommittedAge',
  /** What a comparison with the bucket found that no event had told of: versions and permanent deletions. Count. */
  reconcileGaps: 'ReconcileGaps',
  /** 1 for each job that finds that changes of a bucket may go by unseen, else 0. */
  coverageLost: 'CoverageLost',
  jobsCompleted: 'JobsCompleted',
  jobsPartial: 'JobsPartial',
  jobsFailed: 'JobsFailed',
  jobsExpired: 'JobsExpired',
} as const;
export type MetricNameValue = (typeof MetricName)[keyof typeof MetricName];

export const METRIC_UNITS: Readonly<Partial<Record<MetricNameValue, 'Seconds'>>> = {
  [MetricName.captureLag]: 'Seconds',
  [MetricName.uncommittedAge]: 'Seconds',
};

/** What counts a job that did all it had to, or all it could. */
export const ENDED_WELL = { COMPLETED: MetricName.jobsCompleted, PARTIAL: MetricName.jobsPartial } as const;
