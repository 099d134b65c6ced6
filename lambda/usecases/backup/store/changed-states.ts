import { type Decision, latestOf, stateRow } from '../../../core/backup/decisions';
import type { BackupJob } from '../../../core/backup/job';
import { NULL_VERSION, type Row, unreadOf } from '../../../core/history/row';
import { encodeAcl, encodeTags } from '../../../core/objects/canonical';
import { Dated, isStoreError } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import { isReplaced } from '../../versions/version-store';
import type { Reused } from './outcome';

/** A version that the vault has, with its tags and ACL as they are now, where they differ from what the history says. */
export async function changedStates(
  ports: BackupPorts,
  job: BackupJob,
  decision: Decision & { kind: 'reuse' },
): Promise<Reused> {
  const now = await readMetadata(ports, job, decision.row);
  if (now === 'refused') return { kind: 'reused', states: [], isRefused: true };
  if (!now) return { kind: 'reused', states: [unread(job, decision.row)] };
  // What holds since the job began, unless an event tells of a change before it was read.
  const state = (value: Pick<Row, 'tags' | 'acl'>, observedAt: number): Row => ({
    ...stateRow(decision.row, value, job.asOf),
    observedAt,
  });
  const { tags, acl } = now;
  const states = [
    ...(tags.value === latestOf(decision, 'tags') ? [] : [state({ tags: tags.value }, tags.date)]),
    ...(!acl || acl.value === latestOf(decision, 'acl') ? [] : [state({ acl: acl.value }, acl.date)]),
  ];
  return { kind: 'reused', states };
}

/**
 * Of a version that was there when the job began, and gone before its tags and ACL were read: what they were between, nobody knows. An
 * earlier change may have been missed.
 */
export const unread = ({ asOf, aclsEnabled }: BackupJob, row: Row): Row => ({
  ...stateRow(row, {}, asOf),
  uncertain: unreadOf(aclsEnabled),
});

/** Reads tags and ACL of a version that the vault has already: `metadata: FULL`. */
export async function readMetadata(
  ports: BackupPorts,
  job: BackupJob,
  row: Row,
): Promise<{ readonly tags: Dated<string>; readonly acl?: Dated<string> } | 'refused' | undefined> {
  const ref = { bucket: job.bucket, key: row.key, versionId: row.versionId };
  try {
    const [tags, acl] = await Promise.all([
      ports.source.readTags(ref),
      job.aclsEnabled ? ports.source.readAcl(ref) : undefined,
    ]);
    if (row.versionId === NULL_VERSION) {
      const head = await ports.source.head({ ...ref, ifMatch: row.etag });
      if (await isReplaced(ports.source, job.bucket, row, head)) return undefined;
    }
    return {
      tags: { ...tags, value: encodeTags(tags.value) },
      acl: acl && { ...acl, value: encodeAcl(acl.value) },
    };
  } catch (error) {
    if (isStoreError(error, 'not-found', 'delete-marker', 'precondition-failed')) return undefined;
    // The listing had it: a policy denies this version, or its tags.
    if (isStoreError(error, 'access-denied')) return 'refused';
    throw error;
  }
}
