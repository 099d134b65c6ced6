import type { Catalog } from '../../lambda/ports/catalog';
import type { ChangeLog } from '../../lambda/ports/change-log';
import type { ObjectStore } from '../../lambda/ports/object-store';

/** What the construct publishes about a vault in its SSM parameter. */
export interface VaultNames {
  readonly vaultName: string;
  readonly vaultBucket: string;
  readonly scratchBucket: string;
  readonly catalogTable: string;
  /** Vaults of before continuous backup do not say it. */
  readonly changeLogTable?: string;
  readonly backupStateMachineArn: string;
  readonly restoreStateMachineArn: string;
}

/** Where a vault's names can be looked up. Whatever is not there is undefined; anything else that goes wrong is thrown. */
export interface VaultDirectory {
  region(): Promise<string>;
  parameter(name: string): Promise<string | undefined>;
  stackOutputs(stackName: string): Promise<Readonly<Record<string, string>> | undefined>;
  /** Names of the SSM parameters that a stack made. */
  stackParameters(stackName: string): Promise<readonly string[]>;
}

export interface ExecutionState {
  readonly status: 'RUNNING' | 'PENDING_REDRIVE' | 'SUCCEEDED' | 'FAILED' | 'ABORTED' | 'TIMED_OUT';
  /** JSON text, of an execution that succeeded. */
  readonly output?: string;
  readonly error?: string;
  readonly cause?: string;
}

export interface ExecutionProgress {
  /** The state that was entered last. */
  readonly state?: string;
  /** Units of the map that this state is, if it is one. */
  readonly units?: { readonly done: number; readonly total: number };
}

export interface ExecutionClient {
  start(stateMachineArn: string, input: unknown): Promise<{ readonly executionArn: string }>;
  describe(executionArn: string): Promise<ExecutionState>;
  progress(executionArn: string): Promise<ExecutionProgress>;
}

/** All that commands need of AWS. */
export interface Clients {
  readonly directory: VaultDirectory;
  readonly executions: ExecutionClient;
  catalog(
    tableName: string,
  ): Pick<
    Catalog,
    'listJobs' | 'listRecoveryPoints' | 'getRecoveryPoint' | 'getContinuousPoint' | 'listContinuousPoints'
  >;
  changeLog(tableName: string): Pick<ChangeLog, 'read'>;
  /** Amazon S3: commands read the vault bucket, and write nothing. */
  store(): ObjectStore;
}
