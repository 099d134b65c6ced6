import type { BackupJob } from '../core/jobs';
import { commitBackup } from '../usecases/backup-commit';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: { job: BackupJob }, context: Invocation) => commitBackup(backupPorts(context), input);
