import type { PartitionInput } from '../contract/steps';
import type { BackupJob } from '../core/backup/job';
import { partitionBackup } from '../usecases/backup/partition';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: PartitionInput<BackupJob>, context: Invocation) =>
  partitionBackup(backupPorts(context), input);
