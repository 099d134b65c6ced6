import { BackupError, ErrorName, invalidRequest } from '../../../contract/errors';
import { continuousPointId, recoveryPointId, workKey } from '../../../contract/layout';
import type { RestoreRequest } from '../../../core/restore/request';
import { fromIso, toIso } from '../../../core/values/instant';
import type { Catalog, JobState } from '../../../ports/catalog';
import type { Deployment, RestorePorts } from '../../context';
import {
  Commit,
  findInstant,
  HistoryAt,
  historyOfCommit,
  historyOfInstant,
  historyOfNow,
  HistoryPorts,
  InstantFound,
} from '../../history/at';
import { checkRecorded } from '../../history/recorded-manifest';
import { PLAN_STEP } from '../../work/step-names';
import { findUndoIndex, UndoIndex } from '../existing/undo-files';

/** What a request asks for: a recovery point, or any second of continuous backup. */
export interface RestorePoint {
  readonly found: Commit | InstantFound;
  /** `<bucket>/continuous` for a second of continuous backup. */
  readonly recoveryPointId: string;
}

/** What a recovery point is found with. */
export interface PointPorts extends HistoryPorts {
  readonly catalog: Pick<Catalog, 'listRecoveryPoints' | 'getRecoveryPoint'>;
  readonly deployment: Pick<Deployment, 'vaultName'>;
}

export type PointRequest = Pick<RestoreRequest, 'sourceBucket' | 'seq' | 'pointInTime'>;

/** Finds what is to be restored, or refuses; writes nothing. */
export async function findRestorePoint(ports: PointPorts, request: PointRequest): Promise<RestorePoint> {
  const { sourceBucket, pointInTime } = request;
  if (pointInTime !== undefined)
    return {
      found: await findInstant(ports, sourceBucket, pointInTime),
      recoveryPointId: continuousPointId(sourceBucket),
    };
  const found = await findPoint(ports, request);
  return { found, recoveryPointId: recoveryPointId(sourceBucket, found.manifest.seq) };
}

/** Keeps the history that the job restores as a work file: a repeated step must not find anything else. */
export async function keepHistory(
  ports: RestorePorts,
  { found }: RestorePoint,
  jobId: string,
): Promise<{ key: string; history: HistoryAt }> {
  const place = { jobId, step: PLAN_STEP, unit: 'changes' };
  const history = 'coverage' in found ? await historyOfInstant(ports, place, found) : historyOfCommit(found);
  const key = workKey(jobId, PLAN_STEP, 'all', 'history.json');
  return { key, history: (await ports.scratch.create(key, history)).value };
}

/** Keeps all that is known of the bucket by now: a rollback to a recovery point compares with it. */
export async function keepNewest(ports: RestorePorts, bucket: string, jobId: string): Promise<string> {
  const key = workKey(jobId, PLAN_STEP, 'all', 'history-now.json');
  await ports.scratch.create(key, await historyOfNow(ports, { jobId, step: PLAN_STEP, unit: 'changes' }, bucket));
  return key;
}

/** An execution may end while workers of it still run. */
const isCutOff = (state: JobState): boolean => state === 'ABORTED' || state === 'FAILED';
/** The longest that a call of a worker lasts: Lambda's limit of 15 minutes. */
const CALL_SECONDS = 15 * 60;

/** What a rollback that is to be undone has left. It must have ended: its writes would go on after the undo. */
export async function findRollback(ports: RestorePorts, bucket: string, jobId: string): Promise<UndoIndex> {
  const job = await ports.catalog.getJob(bucket, jobId);
  if (job?.state === 'RUNNING' && (await ports.executions.isRunning(job.executionArn)))
    throw invalidRequest([`undo: job "${jobId}" is still running: stop its execution, or wait until it ends`]);
  const quietFrom = job?.completedAt !== undefined && isCutOff(job.state) ? fromIso(job.completedAt) + CALL_SECONDS : 0;
  if ((await ports.vault.now()) < quietFrom)
    throw invalidRequest([
      `undo: job "${jobId}" ended as ${String(job?.state)}, and its calls in flight may write until ${toIso(quietFrom)}: undo it after that time`,
    ]);
  const found = await findUndoIndex(ports.scratch, bucket, jobId);
  if (found) return found;
  throw invalidRequest([
    `undo: job "${jobId}" of bucket "${bucket}" wrote nothing that can be undone, or its report has expired: use the job of a rollback (see "s3-backup jobs")`,
  ]);
}

async function findPoint(ports: PointPorts, request: PointRequest): Promise<Commit> {
  const { sourceBucket, seq } = request;
  const known = await ports.catalog.listRecoveryPoints({ bucket: sourceBucket, limit: 1 });
  let number = seq ?? (await ports.vault.newestSeq(sourceBucket, known.items[0]?.seq));
  let isContinuous = false;
  while (number !== undefined && number > 0) {
    const found = await ports.vault.readManifest(sourceBucket, number);
    if (found?.manifest.recoveryPoint) {
      const newest = known.items.find((record) => record.seq === number);
      checkRecorded(newest ?? (await ports.catalog.getRecoveryPoint(sourceBucket, number)), found);
      return found;
    }
    if (seq !== undefined || !found) break;
    isContinuous ||= found.manifest.continuous !== undefined;
    number--;
  }
  throw new BackupError(
    ErrorName.recoveryPointNotFound,
    seq === undefined
      ? `bucket "${sourceBucket}" has no recovery point in vault ${ports.deployment.vaultName}: ${
          isContinuous
            ? 'it has only continuous backup, so set pointInTime to the instant to restore'
            : 'back it up first, or check the name'
        }`
      : `recovery point ${recoveryPointId(sourceBucket, seq)} does not exist in vault ${ports.deployment.vaultName}: list them with "s3-backup recovery-points"`,
  );
}
