import type { WorkInput } from '../contract/steps';
import type { BackupJob, RangeUnit } from '../core/backup/job';
import { backUpRange } from '../usecases/backup/range';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: WorkInput<BackupJob, RangeUnit>, context: Invocation) =>
  backUpRange(backupPorts(context), input);
