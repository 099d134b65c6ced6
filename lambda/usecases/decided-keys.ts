import { decide, Decision } from '../core/decisions';
import { foldStates } from '../core/fold-states';
import type { BackupJob } from '../core/jobs';
import { versionIdentity } from '../core/row';
import type { ObjectStore } from '../ports/object-store';
import type { ScannedKey } from './history';
import { ScannedKeys } from './scanned-keys';

interface DecidedKey {
  /** Identity of the current version, as far as the scan can tell. */
  readonly current?: string;
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

  /** `known` is what an earlier turn took for the current version: the bucket may have changed since. */
  async decide(compared: ScannedKey, known?: string): Promise<DecidedKey> {
    const { history, logged } = compared;
    const { rows, leftOut } = await this.scanned.complete(compared, known);
    const current = known ?? (rows[0] && versionIdentity(rows[0]));
    if (logged.length === 0) return { current, leftOut, decisions: decide(rows, history, this.job) };
    const { restated, acls } = foldStates(logged, history, this.job.changes?.through ?? 0);
    // The log knows better than a report, and of a new version the ACL is read.
    const seen = rows.map((row) => (acls.has(versionIdentity(row)) ? { ...row, acl: undefined } : row));
    const told = [...history, ...restated.flatMap(({ states }) => states)];
    return { current, leftOut, decisions: [...decide(seen, told, this.job), ...restated] };
  }
}
