import { BackupError, ErrorName } from '../../contract/errors';
import type { Manifest } from '../../core/history/manifest';
import type { KeyView } from '../../core/history/view';
import type { KeyRange } from '../../core/keys/order';
import { toIso } from '../../core/values/instant';
import { Coverage, HistoryAt, historyOfCommit, historyOfInstant, viewsOf } from '../history/at';
import { findRestorePoint, PointPorts, PointRequest } from '../restore/point/point';

/** The state of a bucket at a recovery point or an instant, to be read straight from the vault. */
export interface BucketState {
  readonly bucket: string;
  /** `<bucket>/continuous` for a second of continuous backup. */
  readonly recoveryPointId: string;
  /** ISO 8601, UTC. */
  readonly asOf: string;
  readonly history: HistoryAt;
  readonly manifest: Manifest;
  /** Of a recovery point only doubts. */
  readonly coverage?: Pick<Coverage, 'doubts'> & Partial<Coverage>;
}

/** No job runs: the runs of the change log are the reader's own. */
const PLACE = { jobId: 'browse', step: 'changes', unit: 'all' };

/** Finds the state that is asked for, or refuses. Nothing is written to the vault. */
export async function openState(ports: PointPorts, request: PointRequest): Promise<BucketState> {
  // To ask the vault for the time would make this file.
  if (!(await ports.vault.checkFormat()))
    throw new BackupError(
      ErrorName.recoveryPointNotFound,
      `vault ${ports.deployment.vaultName} has no vault.json: either it has no backup yet, or that object was deleted; back up a bucket, or undelete the object`,
    );
  const { found, recoveryPointId } = await findRestorePoint(ports, request);
  const history = 'coverage' in found ? await historyOfInstant(ports, PLACE, found) : historyOfCommit(found);
  const { asOf, bucket } = history;
  const coverage = history.isStale ? { doubts: ['metadata-missed' as const] } : history.coverage;
  return { bucket, recoveryPointId, asOf: toIso(asOf), history, manifest: found.manifest, coverage };
}

/** Views of the keys that had a version then, in key order. */
export const viewsIn = (
  ports: PointPorts,
  { history, manifest }: BucketState,
  range: KeyRange,
  skipTo?: () => string,
): AsyncGenerator<KeyView> => viewsOf(ports, history, manifest, range, skipTo);
