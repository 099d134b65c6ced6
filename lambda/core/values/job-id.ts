import type { ExecutionContext } from '../../contract/steps';
import { sha256Hex } from './hash';
import { fromIso, toIso } from './instant';

/**
 * ID of a job: sortable by its start, and unique for ever. An execution's name alone is free again 90 days after it
 * ended, and names in the vault must never meet again. The start counts to the second: its fraction is written in more than one way.
 */
export function jobIdOf({ arn, startTime }: Pick<ExecutionContext, 'arn' | 'startTime'>): string {
  const start = toIso(fromIso(startTime));
  return `${start.replace(/[-:]/g, '')}-${sha256Hex(arn, '\n', start).slice(0, 12)}`;
}
