import type { RestoreOutput } from '../../lambda/usecases/restore-finish';
import { bytes, dollars, facts, number, plural, requests } from './format';
import { skippedRows } from './reasons';
import type { RestoreInput } from './restore-input';
import { total } from '../../lambda/core/counts';

/** What a dry run found, for the one who decides whether to go on. */
export function planText(input: RestoreInput, plan: RestoreOutput): string {
  const { planned } = plan;
  const rows: [string, string][] = [
    ['recovery point', `${plan.recoveryPointId} (as of ${plan.asOf})`],
    ['items', itemsText(input)],
    ['writes', writesText(planned)],
    ...(planned.conflicts > 0 ? [['conflicts', conflictsText(planned.conflicts)] as [string, string]] : []),
    ...skippedRows(planned.skipped),
    ['existing objects', EXISTING[input.onExisting ?? 'skip']],
    [
      'requests',
      total(planned.requests) === 0 ? 'none' : `${number(total(planned.requests))}, ${dollars(planned.estimatedCost)}`,
    ],
    ['report', plan.report],
  ];
  return `Plan: restore ${route(input, plan)}\n${facts(rows)}`;
}

export function outcomeText(input: RestoreInput, output: RestoreOutput): string {
  const { restored, deleted, failed } = output;
  const rows: [string, string][] = [
    ['recovery point', `${output.recoveryPointId} (as of ${output.asOf})`],
    ['restored', `${plural(restored, 'version')}${markers(deleted)}, ${bytes(output.bytes)}`],
    ...(failed > 0 ? [['failed', `${plural(failed, 'version')}: see the report`] as [string, string]] : []),
    ...skippedRows(output.skipped),
    ['verified', verified(output)],
    ['requests', requests(output.requests)],
    ['report', output.report],
    ['job', output.jobId],
  ];
  return `Restore of ${route(input, output)}: ${output.status}\n${facts(rows)}`;
}

export function question(input: RestoreInput, plan: RestoreOutput): string {
  const { versions, bytes: size, markers: deletions } = plan.planned;
  const replaced = input.onExisting === 'overwrite' ? ', on top of existing objects' : '';
  return `Restore ${plural(versions, 'version')}${markers(deletions)} (${bytes(size)}) to ${plan.destinationBucket}${replaced}?`;
}

const EXISTING = {
  skip: 'are left as they are (--on-existing skip)',
  overwrite: 'get a new version on top (--on-existing overwrite)',
  fail: 'stop the restore before it begins (--on-existing fail)',
};

const markers = (count: number): string => (count > 0 ? ` and ${plural(count, 'delete marker')}` : '');

function route(input: RestoreInput, { destinationBucket }: RestoreOutput): string {
  const place = destinationBucket === input.sourceBucket ? 'in place' : `to ${destinationBucket}`;
  const created = input.createBucket === true ? ' (a new bucket)' : '';
  const below = input.destinationPrefix ? ` below ${input.destinationPrefix}` : '';
  return `${input.sourceBucket} ${place}${created}${below}`;
}

function itemsText({ items, itemsFile }: RestoreInput): string {
  if (!items && itemsFile === undefined) return 'the whole bucket';
  const SHOWN = 3;
  const names = (items ?? [])
    .slice(0, SHOWN)
    .map((item) => (typeof item === 'string' ? item : 'prefix' in item ? `prefix ${item.prefix}` : `key ${item.key}`));
  const more = (items?.length ?? 0) - names.length;
  if (more > 0) names.push(`${number(more)} more`);
  if (itemsFile !== undefined) names.push(`those of ${itemsFile}`);
  return names.join(', ');
}

function writesText({ objects, versions, markers: deletions, bytes: size }: RestoreOutput['planned']): string {
  if (versions + deletions === 0) return 'nothing';
  const history = versions === objects ? '' : ` with ${plural(versions, 'version')}`;
  return `${plural(objects, 'object')}${history}${markers(deletions)}, ${bytes(size)}`;
}

const conflictsText = (count: number): string =>
  `${plural(count, 'object')} at the destination: nothing can be restored`;

const verified = ({ verifiedByReading, restored }: RestoreOutput): string =>
  restored === 0
    ? 'nothing to verify'
    : `every body by its checksum${verifiedByReading > 0 ? `, ${number(verifiedByReading)} of them by reading it again` : ''}`;
