import { type Decision, latestOf, stateRow } from '../../../core/backup/decisions';
import type { BackupJob } from '../../../core/backup/job';
import type { Row } from '../../../core/history/row';
import { readMetadata } from '../../versions/version-store';
import type { BackupPorts } from '../../context';

/** Tags and ACL of a known version as they are now, where they differ from what the history says. */
export async function changedStates(
  ports: BackupPorts,
  job: BackupJob,
  decision: Decision & { kind: 'reuse' },
): Promise<Row[]> {
  const now = await readMetadata(ports, job, decision.row);
  if (!now) return [];
  // What holds since the job began, unless an event tells of a change before it was read.
  const state = (value: Pick<Row, 'tags' | 'acl'>, observedAt: number): Row => ({
    ...stateRow(decision.row, value, job.asOf),
    observedAt,
  });
  const { tags, acl } = now;
  return [
    ...(tags.value === latestOf(decision, 'tags') ? [] : [state({ tags: tags.value }, tags.date)]),
    ...(!acl || acl.value === latestOf(decision, 'acl') ? [] : [state({ acl: acl.value }, acl.date)]),
  ];
}
