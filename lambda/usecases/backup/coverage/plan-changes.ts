import { CHANGE_LIFETIME_SECONDS } from '../../../contract/change-log-schema';
import type { ChangesToFold } from '../../../core/backup/job';
import type { Manifest } from '../../../core/history/manifest';
import { fromIso } from '../../../core/values/instant';
import { isStoreError } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import type { CoverageNote } from './note';

/** Whether S3 tells of changes: since this job, since before, or not as far as this vault may see to it. */
export type Capture = 'enabled' | 'was-enabled' | 'denied';

/**
 * What a job takes from the change log: what was written since the last commit did so, as far as it is settled at `now` (S3's time). A
 * first backup reads all tags itself, so that only changes of later than its `asOf` matter.
 */
export function planChanges(
  { settings }: Pick<BackupPorts, 'settings'>,
  base: Manifest | undefined,
  { asOf, now, capture }: { readonly asOf: number; readonly now: number; readonly capture: Capture | undefined },
): ChangesToFold {
  const oldest = now - CHANGE_LIFETIME_SECONDS;
  const before = base?.changesThrough === undefined ? undefined : fromIso(base.changesThrough);
  const from = base ? Math.max(before ?? asOf - CHANGE_LIFETIME_SECONDS, oldest) : Math.max(asOf, oldest);
  const isUnbroken = !base?.changesMissed && before !== undefined && before >= oldest && capture === 'was-enabled';
  return {
    from,
    through: Math.max(from, now - settings.settleSeconds),
    missed: !isUnbroken,
    // A full read does not ask for events: a job before it may have.
    unseen: capture === 'denied' || (capture === undefined && (!base || base.changesUnseen === true)),
  };
}

interface EventsOf {
  readonly bucket: string;
  readonly jobId: string;
  readonly base: Manifest | undefined;
  readonly now: number;
  readonly note: CoverageNote;
}

/**
 * Has S3 tell of changes. Where it did not, the change log says so first: whatever becomes of this job, the next commit knows of the gap. A
 * bucket that may not be configured is backed up all the same: the manifest says what is missing.
 */
export async function ensureCapture(
  { buckets, changeLog, log, settings }: Pick<BackupPorts, 'buckets' | 'changeLog' | 'log' | 'settings'>,
  { bucket, jobId, base, now, note }: EventsOf,
): Promise<Capture> {
  const noteGap = async (): Promise<void> => {
    await note.write({ at: now, wasOff: true });
    if (!base) return note.writeStart(bucket, now);
    await changeLog.append([
      {
        id: `gap-${jobId}`,
        bucket,
        row: {
          key: '',
          versionId: '',
          kind: 'gap',
          lastModified: now,
          removedAfter: fromIso(base.continuous?.capturedThrough ?? base.changesThrough ?? base.asOf),
          // S3 takes a while to begin.
          removedBefore: now + settings.startSeconds,
          uncertain: 'events-off',
        },
      },
    ]);
  };
  try {
    const capture = await buckets.ensureEventBridge(bucket, noteGap);
    return note.wasOff ? 'enabled' : capture;
  } catch (error) {
    if (!isStoreError(error, 'access-denied')) throw error;
    log.warn('EventsNotEnabled', {
      bucket,
      problem: 'the vault is not allowed to configure the notifications of the bucket',
    });
    return 'denied';
  }
}
