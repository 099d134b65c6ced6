import type { UndoLimit } from '../../lambda/core/restore/actions';
import type { RestoreInput } from '../../lambda/core/restore/schema';
import { total } from '../../lambda/core/values/counts';
import type { RestoreOutput } from '../../lambda/usecases/restore/finish';
import { explained } from '../output/doubts';
import { byCount, bytes, dollars, facts, number, plural, requests } from '../output/format';
import { skippedRows } from '../output/reasons';

/** What a dry run found, for the one who decides whether to go on. */
export function planText(input: RestoreInput, plan: RestoreOutput): string {
  const { planned } = plan;
  const rows: [string, string][] = [
    pointRow(input, plan),
    ...exactnessRows(plan),
    ['items', itemsText(input)],
    ['writes', writesText(planned)],
    ...uncoversRows(planned),
    ...deletesRows(planned),
    ...undoRows(planned),
    ...(planned.conflicts > 0 ? [['conflicts', conflictsText(planned.conflicts)] as [string, string]] : []),
    ...skippedRows(planned.skipped),
    ['existing objects', isInPlace(input) ? inPlace(input) : EXISTING[input.onExisting ?? 'skip']],
    [
      'requests',
      total(planned.requests) === 0 ? 'none' : `${number(total(planned.requests))}, ${dollars(planned.estimatedCost)}`,
    ],
    ['report', plan.report],
  ];
  return `Plan: ${input.undo === undefined && !input.rollback ? 'restore ' : ''}${route(input, plan)}\n${facts(rows)}`;
}

export function outcomeText(input: RestoreInput, output: RestoreOutput): string {
  const { restored, deleted, failed } = output;
  const rows: [string, string][] = [
    pointRow(input, output),
    ...exactnessRows(output),
    ['restored', `${plural(restored, 'version')}${markers(deleted)}, ${bytes(output.bytes)}`],
    ...uncoveredRows(output),
    ...(failed > 0 ? [['failed', `${plural(failed, 'version')}; see the report`] as [string, string]] : []),
    ...skippedRows(output.skipped),
    ['verified', verified(output)],
    ['requests', requests(output.requests)],
    ['report', output.report],
    ['job', output.jobId],
    ...(output.undo === undefined ? [] : [['undo', `--undo ${output.jobId}`] as [string, string]]),
  ];
  const what = isInPlace(input) ? capital(route(input, output)) : `Restore of ${route(input, output)}`;
  return `${what}: ${output.status}\n${facts(rows)}`;
}

export function question(input: RestoreInput, plan: RestoreOutput): string {
  const { versions, bytes: size, markers: deletions, deletes = 0, uncovered = 0 } = plan.planned;
  if (isInPlace(input)) {
    const doubts = plan.exact ? '' : ' The plan is not exact.';
    const written = `writes ${plural(versions - uncovered, 'version')} (${bytes(size)}) on top and deletes ${plural(deletes, 'object')} by adding delete markers`;
    const removed =
      uncovered > 0 ? ` It permanently removes the delete markers of ${plural(uncovered, 'object')}.` : '';
    return `${capital(route(input, plan))}: this ${written}.${removed}${limitsOf(plan.planned)}${doubts} Continue?`;
  }
  const replaced = input.onExisting === 'overwrite' ? ', on top of existing objects' : '';
  return `Restore ${plural(versions, 'version')}${markers(deletions)} (${bytes(size)}) to ${plan.destinationBucket}${replaced}${plan.exact ? '' : '. The plan is not exact. Continue'}?`;
}

/** An undo goes back to what was there before, and not to the point that the rollback went to. */
const pointRow = ({ undo }: RestoreInput, { recoveryPointId, asOf }: RestoreOutput): [string, string] =>
  undo === undefined
    ? ['recovery point', `${recoveryPointId} (as of ${asOf})`]
    : ['undone', `the changes that job ${undo} made to return to ${recoveryPointId} (as of ${asOf})`];

const EXISTING = {
  skip: 'stay unchanged (--on-existing skip)',
  overwrite: 'get a new version on top (--on-existing overwrite)',
  fail: 'stop the restore before it writes (--on-existing fail)',
};

const inPlace = ({ removeMarkers }: RestoreInput): string =>
  `get a new version or a delete marker on top; ${removeMarkers ? 'only delete markers are permanently deleted' : 'nothing is permanently deleted'}`;
const isInPlace = ({ rollback, undo }: RestoreInput): boolean => rollback === true || undo !== undefined;
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Only a point in time, or what was made of changes, may be in doubt for more reasons than one. */
function exactnessRows({ exact, doubts, capturedThrough }: RestoreOutput): [string, string][] {
  if (doubts === undefined) return exact ? [] : [['exact', 'no: the order of versions within one second is uncertain']];
  if (exact) return [['exact', 'yes']];
  const reasons = byCount(doubts).map(([reason, count]) => `${number(count)} ${explained(reason)}`);
  const captured = capturedThrough === undefined ? [] : [`captured until ${capturedThrough}`];
  return [...reasons, ...captured].map((text, index) => [
    index === 0 ? 'exact' : '',
    index === 0 ? `no: ${text}` : text,
  ]);
}

const deletesRows = ({ deletes }: RestoreOutput['planned']): [string, string][] =>
  deletes === undefined
    ? []
    : [['deletes', deletes === 0 ? 'nothing' : `${plural(deletes, 'object')}, by adding delete markers`]];

/** What is covered stays in the bucket, but S3 does not copy it. */
const LIMITS: Readonly<Record<UndoLimit, string>> = {
  archived: 'in an archive storage class',
  'sse-c': 'under a customer-provided key',
  unreadable: 'with metadata that HTTP cannot carry',
  'access-denied': 'that the roles of the vault could not read',
};

function undoRows({ notUndoable = {}, archived = 0 }: RestoreOutput['planned']): [string, string][] {
  const reasons = byCount(notUndoable).map(
    ([reason, count]) => `cannot bring back ${plural(count, 'object')} ${LIMITS[reason as UndoLimit]}`,
  );
  const rows = reasons.map((text, index): [string, string] => [index === 0 ? 'a later undo' : '', text]);
  return archived > 0 ? [...rows, ['archived', `${plural(archived, 'version')} to thaw before this undo`]] : rows;
}

function limitsOf({ notUndoable = {}, archived = 0 }: RestoreOutput['planned']): string {
  const lost = total(notUndoable);
  const later =
    lost > 0 ? ` A later undo cannot bring back ${plural(lost, 'object')}; each stays as a noncurrent version.` : '';
  return archived > 0 ? `${later} S3 does not copy ${plural(archived, 'version')} before they are thawed.` : later;
}

const uncoversRows = ({ uncovered }: RestoreOutput['planned']): [string, string][] =>
  uncovered === undefined
    ? []
    : [
        [
          'comes back',
          uncovered === 0 ? 'nothing' : `${number(uncovered)} of these objects, by removing delete markers`,
        ],
      ];

/** What removing delete markers brought back, and where they stay: a copy was written there. */
function uncoveredRows({ uncovered, keptMarkers = {} }: RestoreOutput): [string, string][] {
  if (uncovered === undefined) return [];
  const kept = byCount(keptMarkers).map(([reason, count]) => `${number(count)} ${reason}`);
  const stays = kept.length > 0 ? `; markers kept: ${kept.join(', ')}` : '';
  return [['came back', `${number(uncovered)} of these versions, by removing delete markers${stays}`]];
}

const markers = (count: number): string => (count > 0 ? ` and ${plural(count, 'delete marker')}` : '');

function route(input: RestoreInput, { destinationBucket, asOf }: RestoreOutput): string {
  if (input.undo !== undefined) return `undo rollback ${input.undo} of ${input.sourceBucket}`;
  if (input.rollback) return `roll ${input.sourceBucket} back to ${asOf}`;
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
  if (itemsFile !== undefined) names.push(`the items of ${itemsFile}`);
  return names.join(', ');
}

function writesText({ objects, versions, markers: deletions, bytes: size }: RestoreOutput['planned']): string {
  if (versions + deletions === 0) return 'nothing';
  const history = versions === objects ? '' : ` with ${plural(versions, 'version')}`;
  return `${plural(objects, 'object')}${history}${markers(deletions)}, ${bytes(size)}`;
}

const conflictsText = (count: number): string =>
  `${plural(count, 'object')} already at the destination; nothing can be restored`;

function verified({ verifiedByReading, restored, skipped }: RestoreOutput): string {
  if (restored === 0) return 'nothing to verify';
  const { 'not-compared': uncompared = 0 } = skipped;
  const but = uncompared > 0 ? `, except ${number(uncompared)} without a checksum in S3` : '';
  return `every body by its checksum${but}${verifiedByReading > 0 ? `; ${number(verifiedByReading)} read again to verify them` : ''}`;
}
