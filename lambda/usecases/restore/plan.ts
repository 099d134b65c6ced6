import { isUtf8 } from 'node:buffer';
import { invalidRequest } from '../../contract/errors';
import { recoveryPointId, workKey } from '../../contract/layout';
import type { FanOutInput, StartInput } from '../../contract/steps';
import type { Manifest } from '../../core/history/manifest';
import type { KeyRange } from '../../core/keys/order';
import { parseItemsFile, selectedParts, type Selection, toSelection } from '../../core/restore/items';
import type { PlanUnit, RestoreJob } from '../../core/restore/job';
import { parseRestoreRequest, RestoreRequest } from '../../core/restore/request';
import { fromIso, toIso } from '../../core/values/instant';
import { jobIdOf } from '../../core/values/job-id';
import { isStoreError, ObjectStore } from '../../ports/object-store';
import type { RestorePorts } from '../context';
import { historyRanges } from '../history/segment-index';
import { restoreJobEvent } from '../jobs/events';
import type { Vault } from '../vault/vault';
import { PLAN_STEP } from '../work/step-names';
import { writeUnits } from '../work/turns';
import { checkDestination } from './point/destination';
import { findRestorePoint, findRollback, keepHistory, keepNewest } from './point/point';

/** Planning a row is a quarter of the work of storing one. */
export const ROWS_PER_WEIGHT = 4;

/** First step of a restore: validates the input, finds the recovery point and checks the destination. Nothing is written there. */
export async function planRestore(
  ports: RestorePorts,
  { input, execution }: StartInput,
): Promise<FanOutInput<RestoreJob, PlanUnit>> {
  const { deployment } = ports;
  const request = parseRestoreRequest(input, {
    buckets: [deployment.vaultBucket, deployment.scratchBucket],
    markerRemoval: ports.settings.markerRemoval,
  });
  await ports.vault.checkFormat();
  const jobId = jobIdOf(execution);
  const begin: JobBegin = { jobId, executionArn: execution.arn, startedAt: toIso(fromIso(execution.startTime)) };
  if (request.undo !== undefined) return planUndo(ports, request, begin);
  const point = await findRestorePoint(ports, request);
  const { manifest } = point.found;
  if (request.versions !== 1 && manifest.versions === 'CURRENT')
    throw invalidRequest([
      `versions: recovery point ${point.recoveryPointId} has only current versions, so versions must be 1, got ${String(request.versions)}`,
    ]);
  const asked = await selection(ports.destination, request);
  const destination = await checkDestination(ports, request, manifest);
  const { key: historyKey, history } = await keepHistory(ports, point, jobId);
  const selectionKey = workKey(jobId, PLAN_STEP, 'all', 'selection.json');
  const { sourceBucket } = request;
  const job: RestoreJob = {
    ...begin,
    ...fieldsOf(request),
    point: history.point,
    asOf: history.asOf,
    pointInTime: history.pointInTime,
    ofChanges: history.ofChanges,
    ofReport: history.ofReport,
    recoveryPointId: history.pointInTime ? point.recoveryPointId : recoveryPointId(sourceBucket, history.point.seq),
    history: historyKey,
    historyNow: request.rollback && !history.pointInTime ? await keepNewest(ports, sourceBucket, jobId) : undefined,
    selection: selectionKey,
    destination,
  };
  // The items file may have been changed since an earlier attempt at this step.
  const { value: selected } = await ports.scratch.create(selectionKey, asked);
  await recordStart(ports, job);
  // An earlier attempt at this step may have found another commit: its units are written already.
  const isSame = history.point.sha256 === point.found.sha256;
  const planned = isSame ? manifest : ((await ports.vault.readBase(sourceBucket, history.point)) ?? manifest);
  return writeUnits(
    ports.scratch,
    PLAN_STEP,
    job,
    await planUnits(ports.vault, planned, selected.intervals, ROWS_PER_WEIGHT * ports.settings.rangeWeight),
  );
}

type JobBegin = Pick<RestoreJob, 'jobId' | 'executionArn' | 'startedAt'>;

/** What a job takes from its request as it is. */
function fieldsOf(request: RestoreRequest) {
  const { sourceBucket, destinationPrefix, onExisting, versions, restoreTags, restoreAcls, insistOnAcls } = request;
  const { storageClass, encryption, dryRun, rollback, removeMarkers } = request;
  const what = { sourceBucket, destinationPrefix, onExisting, versions, restoreTags, restoreAcls, insistOnAcls };
  return { ...what, storageClass, encryption, dryRun, rollback, removeMarkers };
}

/** An undo reads what the rollback wrote down, and nothing of the vault. */
async function planUndo(
  ports: RestorePorts,
  request: RestoreRequest,
  begin: JobBegin,
): Promise<FanOutInput<RestoreJob, PlanUnit>> {
  const undo = request.undo ?? '';
  const { units, ...rollback } = await findRollback(ports, request.sourceBucket, undo);
  const { point, asOf, recoveryPointId } = rollback;
  // A bucket may refuse what is not encrypted as its policy says: what the rollback could write with will do again.
  const encryption = request.insistOnEncryption ? request.encryption : (rollback.encryption ?? request.encryption);
  const destination = await checkDestination(ports, request, undefined);
  const selection = workKey(begin.jobId, PLAN_STEP, 'all', 'selection.json');
  await ports.scratch.create(selection, toSelection(undefined));
  const what = { point, asOf, recoveryPointId, pointInTime: false, history: '', selection, destination };
  const job: RestoreJob = { ...begin, ...fieldsOf(request), ...what, encryption, undo };
  await recordStart(ports, job);
  const planned: PlanUnit[] =
    typeof units === 'number'
      ? Array.from({ length: units }, (_, number) => ({ id: String(number), from: '' }))
      : units.map(({ id, files }) => ({ id, from: '', files }));
  return writeUnits(ports.scratch, PLAN_STEP, job, planned);
}

async function recordStart(ports: RestorePorts, job: RestoreJob): Promise<void> {
  const { catalog, deployment } = ports;
  const { jobId, sourceBucket, destination, recoveryPointId } = job;
  const { put } = await catalog.putJobUnlessEnded({
    jobId,
    type: 'RESTORE',
    bucket: sourceBucket,
    state: 'RUNNING',
    createdAt: job.startedAt,
    executionArn: job.executionArn,
    recoveryPointId,
  });
  if (put)
    await ports.events.publish(
      restoreJobEvent(deployment, { jobId, bucket: sourceBucket, createdAt: job.startedAt }, { state: 'RUNNING' }),
    );
  const { bucket } = destination;
  ports.log.info('RestoreStarted', { jobId, bucket: sourceBucket, destination: bucket, recoveryPointId });
}

/** The selected intervals of keys, from the input and from the items file together. */
async function selection(store: ObjectStore, request: RestoreRequest): Promise<Selection> {
  const { items, itemsFile } = request;
  if (!itemsFile) return toSelection(items);
  try {
    const { body } = await store.get(itemsFile);
    if (!isUtf8(body)) throw invalidRequest(['itemsFile: must be UTF-8 text']);
    return toSelection([...(items ?? []), ...parseItemsFile(Buffer.from(body).toString('utf8'))]);
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    throw invalidRequest([
      `itemsFile: s3://${itemsFile.bucket}/${itemsFile.key} cannot be read (${cause.code}): check its name and the permissions`,
    ]);
  }
}

/** Neighbouring ranges of the manifest that hold selected keys, put together until a unit has enough rows. */
export async function planUnits(
  vault: Vault,
  manifest: Manifest,
  intervals: readonly KeyRange[],
  target: number,
): Promise<PlanUnit[]> {
  const units: PlanUnit[] = [];
  let open: { from: string; to?: string; rows: number } | undefined;
  const close = (): void => {
    if (open) units.push({ id: String(units.length), from: open.from, to: open.to });
    open = undefined;
  };
  for await (const range of historyRanges(vault, manifest, { from: '' })) {
    if (selectedParts(intervals, range).length === 0) {
      close();
      continue;
    }
    const rows = range.segments.reduce((sum, segment) => sum + segment.rows, 0);
    if (open && open.rows + rows > target) close();
    open = { from: open?.from ?? range.from, to: range.to, rows: (open?.rows ?? 0) + rows };
  }
  close();
  return units;
}
