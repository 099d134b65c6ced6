/** The runtime functions: the names of their bundles under `assets/`, one folder each with `index.js` exporting `handler`. */
export const FunctionName = {
  startJobs: 'start-jobs',
  backupPrepare: 'backup-prepare',
  backupScan: 'backup-scan',
  backupPartition: 'backup-partition',
  backupRange: 'backup-range',
  backupCommit: 'backup-commit',
  restorePlan: 'restore-plan',
  restorePlanRange: 'restore-plan-range',
  restoreAssess: 'restore-assess',
  /** Removes delete markers for good: only in vaults that allow it. */
  restoreMarkers: 'restore-markers',
  restoreRange: 'restore-range',
  restoreFinish: 'restore-finish',
  /** Records a failed job in the catalog, frees its lock, and gives the Fail state its error and cause. */
  backupFailed: 'backup-failed',
  restoreFailed: 'restore-failed',
  /** Reads and logs the tags and ACLs that events of S3 tell of. */
  captureChanges: 'capture-changes',
  /** Ends the record of a job whose execution was stopped, or failed without a record. */
  jobEnded: 'job-ended',
} as const;

export type FunctionNameValue = (typeof FunctionName)[keyof typeof FunctionName];
