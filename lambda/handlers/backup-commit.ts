import type { BackupJob } from '../core/backup/job';
import { commitBackup } from '../usecases/backup/commit';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: { job: BackupJob }, context: Invocation) => commitBackup(backupPorts(context), input);
