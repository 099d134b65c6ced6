import { decide, Decision } from '../core/decisions';
import { foldStates } from '../core/fold-states';
import type { BackupJob } from '../core/jobs';
import { Row, versionIdentity } from '../core/row';
import type { ObjectStore } from '../ports/object-store';
import type { ScannedKey } from './history';
import { ScannedKeys } from './scanned-keys';

interface DecidedKey {
  /** What the scan saw, newest first. */
  readonly rows: readonly Row[];
  readonly decisions: readonly Decision[];
  /** Versions with a body that a job of CURRENT versions does not keep. */
  readonly leftOut: number;
}

/** Decides what a job does about each key, from the scan, the history, and the change log. */
export class DecidedKeys {
  private readonly scanned: ScannedKeys;
  constructor(
    source: ObjectStore,
    private readonly job: BackupJob,
  ) {
    this.scanned = new ScannedKeys(source, job);
  }

  async decide(compared: ScannedKey): Promise<DecidedKey> {
    const { history, logged } = compared;
    const { rows, leftOut } = await this.scanned.complete(compared);
    if (logged.length === 0) return { rows, leftOut, decisions: decide(rows, history, this.job) };
    const { restated, acls } = foldStates(logged, history, this.job.changes?.through ?? 0);
    // The log knows better than a report, and of a new version the ACL is read.
    const current = rows.map((row) => (acls.has(versionIdentity(row)) ? { ...row, acl: undefined } : row));
    const known = [...history, ...restated.flatMap(({ states }) => states)];
    return { rows: current, leftOut, decisions: [...decide(current, known, this.job), ...restated] };
  }
}
