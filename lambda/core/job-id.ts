import type { ExecutionContext } from '../contract/steps';
import { sha256Hex } from './hash';

/**
 * ID of a job: sortable by its start, and unique for ever. An execution's name alone is free again 90 days after it
 * ended, and names in the vault must never meet again.
 */
export function jobIdOf(execution: ExecutionContext): string {
  const start = execution.startTime.replace(/\.\d+/, '').replace(/[-:]/g, '');
  return `${start}-${sha256Hex(execution.arn, '\n', execution.startTime).slice(0, 12)}`;
}
