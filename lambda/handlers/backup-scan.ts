import type { WorkInput } from '../contract/steps';
import type { BackupJob, ScanUnit } from '../core/backup/job';
import { scanBackup } from '../usecases/backup/scan';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: WorkInput<BackupJob, ScanUnit>, context: Invocation) =>
  scanBackup(backupPorts(context), input);
