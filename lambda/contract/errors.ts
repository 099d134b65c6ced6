/** Error names that an execution can fail with. Scripts match on them: they are never renamed. */
export const ErrorName = {
  invalidRequest: 'InvalidRequest',
  bucketNotFound: 'BucketNotFound',
  versioningNotEnabled: 'VersioningNotEnabled',
  regionMismatch: 'RegionMismatch',
  accessDenied: 'AccessDenied',
  recoveryPointNotFound: 'RecoveryPointNotFound',
  pointInTimeOutOfRange: 'PointInTimeOutOfRange',
  destinationNotVersioned: 'DestinationNotVersioned',
  destinationAclsDisabled: 'DestinationAclsDisabled',
  destinationConflict: 'DestinationConflict',
  destinationNotEmpty: 'DestinationNotEmpty',
  backupAlreadyRunning: 'BackupAlreadyRunning',
  backupSuperseded: 'BackupSuperseded',
  /** A scheduled job that could not start within its start window: the job ends as EXPIRED. */
  startWindowExceeded: 'StartWindowExceeded',
  completionWindowExceeded: 'CompletionWindowExceeded',
  noInventory: 'NoInventory',
  /** The newest inventory report is broken, or is not of the protected bucket. */
  inventoryInvalid: 'InventoryInvalid',
  /** The source `changes` does not have all that a recovery point needs. */
  changesIncomplete: 'ChangesIncomplete',
  /** A work file of a restore is gone: the job took longer than these are kept. */
  workFilesExpired: 'WorkFilesExpired',
  vaultDamaged: 'VaultDamaged',
  vaultFormatTooNew: 'VaultFormatTooNew',
} as const;

export type ErrorNameValue = (typeof ErrorName)[keyof typeof ErrorName];

/** Errors that trying again cannot mend: the state machines fail at once instead of retrying the step. */
export const FINAL_ERRORS: readonly string[] = Object.values(ErrorName);

/**
 * The one base class of the runtime's errors. `name` becomes the error name of the execution, `message` its cause:
 * a sentence that names the value, the limit and the way out.
 */
export class BackupError extends Error {
  constructor(name: ErrorNameValue, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = name;
  }
}

/** Bad input: every problem at once, before anything is touched. */
export function invalidRequest(problems: readonly string[]): BackupError {
  const more = problems.length - MAX_PROBLEMS;
  const shown = problems.slice(0, MAX_PROBLEMS).join('; ');
  return new BackupError(ErrorName.invalidRequest, more > 0 ? `${shown}; and ${String(more)} more problems` : shown);
}

/** A file of the vault is not what it has to be. `what` names the file, and `problem` what was found. */
export const vaultDamaged = (what: string, problem: string, cause?: unknown): BackupError =>
  new BackupError(
    ErrorName.vaultDamaged,
    `${what} ${problem}: restore an earlier version of that vault object, or use an older recovery point`,
    { cause },
  );

/** A cause has at most 32,768 characters. */
const MAX_PROBLEMS = 50;
