import type { StartInput } from '../contract/steps';
import { prepareBackup } from '../usecases/backup/prepare';
import { backupPorts, type Invocation } from './private/compose';

export const handler = (input: StartInput, context: Invocation) => prepareBackup(backupPorts(context), input);
