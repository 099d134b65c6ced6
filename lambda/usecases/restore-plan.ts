import { isUtf8 } from 'node:buffer';
import { BackupError, ErrorName, invalidRequest } from '../contract/errors';
import { recoveryPointId, workKey } from '../contract/layout';
import type { FanOutInput, StartInput } from '../contract/steps';
import { fromIso, toIso } from '../core/instant';
import { parseItemsFile, selectedParts, type Selection, toSelection } from '../core/items';
import { jobIdOf } from '../core/job-id';
import type { KeyRange } from '../core/key-order';
import { historyRanges, Manifest } from '../core/manifest';
import type { PlanUnit, RestoreJob } from '../core/restore-job';
import { parseRestoreRequest, RestoreRequest } from '../core/restore-request';
import { isStoreError, ObjectStore } from '../ports/object-store';
import { describeBucket } from './backup-prepare';
import type { BackupPorts, CountingStore } from './context';
import { restoreJobEvent } from './job-events';
import { writeUnits } from './turns';
import { refuseVaultBucket } from './vault-buckets';

export const PLAN_STEP = 'plan';
/** Planning a row is a quarter of the work of storing one. */
const ROWS_PER_WEIGHT = 4;

/** Who may be restored to, for the error that somebody may not. */
const DESTINATION_RULE = 'and allow this vault to write to it';

export interface RestorePorts extends Omit<BackupPorts, 'source'> {
  readonly destination: CountingStore;
}

/** First step of a restore: validates the input, finds the recovery point and checks the destination. Nothing is written there. */
export async function planRestore(
  ports: RestorePorts,
  { input, execution }: StartInput,
): Promise<FanOutInput<RestoreJob, PlanUnit>> {
  const { deployment, catalog } = ports;
  const request = parseRestoreRequest(input, { buckets: [deployment.vaultBucket, deployment.scratchBucket] });
  await ports.vault.checkFormat();
  const { manifest, sha256 } = await findPoint(ports, request);
  if (request.versions !== 1 && manifest.versions === 'CURRENT')
    throw invalidRequest([
      `versions: recovery point ${recoveryPointId(manifest.bucket, manifest.seq)} has current versions only, so versions must be 1, got ${String(request.versions)}`,
    ]);
  const selected = await selection(ports.destination, request);
  const destination = await checkDestination(ports, request, manifest);
  const jobId = jobIdOf(execution);
  const selectionKey = workKey(jobId, PLAN_STEP, 'all', 'selection.json');
  const { sourceBucket, destinationPrefix, onExisting, versions, restoreTags, restoreAcls, insistOnAcls } = request;
  const job: RestoreJob = {
    jobId,
    executionArn: execution.arn,
    startedAt: toIso(fromIso(execution.startTime)),
    sourceBucket,
    point: { seq: manifest.seq, sha256 },
    asOf: fromIso(manifest.asOf),
    selection: selectionKey,
    destination,
    destinationPrefix,
    onExisting,
    versions,
    restoreTags,
    restoreAcls,
    insistOnAcls,
    storageClass: request.storageClass,
    encryption: request.encryption,
    dryRun: request.dryRun,
  };
  await ports.scratch.create(selectionKey, selected);
  const isNew = await catalog.putJobUnlessEnded({
    jobId,
    type: 'RESTORE',
    bucket: sourceBucket,
    state: 'RUNNING',
    createdAt: job.startedAt,
    executionArn: execution.arn,
    recoveryPointId: recoveryPointId(sourceBucket, manifest.seq),
  });
  if (isNew)
    await ports.events.publish(
      restoreJobEvent(deployment, { jobId, bucket: sourceBucket, createdAt: job.startedAt }, { state: 'RUNNING' }),
    );
  ports.log.info('RestoreStarted', { jobId, bucket: sourceBucket, destination: destination.bucket, seq: manifest.seq });
  return writeUnits(
    ports.scratch,
    PLAN_STEP,
    job,
    planUnits(manifest, selected.intervals, ROWS_PER_WEIGHT * ports.settings.rangeWeight),
  );
}

async function findPoint(
  ports: RestorePorts,
  request: RestoreRequest,
): Promise<{ manifest: Manifest; sha256: string }> {
  const { sourceBucket, seq } = request;
  const known = await ports.catalog.listRecoveryPoints({ bucket: sourceBucket, limit: 1 });
  let number = seq ?? (await ports.vault.newestSeq(sourceBucket, known.items[0]?.seq));
  while (number !== undefined && number > 0) {
    const found = await ports.vault.readManifest(sourceBucket, number);
    if (found?.manifest.recoveryPoint) return found;
    if (seq !== undefined || !found) break;
    number--;
  }
  throw new BackupError(
    ErrorName.recoveryPointNotFound,
    seq === undefined
      ? `bucket "${sourceBucket}" has no recovery point in vault ${ports.deployment.vaultName}: back it up first, or check the name`
      : `recovery point ${recoveryPointId(sourceBucket, seq)} does not exist in vault ${ports.deployment.vaultName}: list them with "s3-backup recovery-points"`,
  );
}

/** The selected intervals of keys, from the input and from the items file together. */
async function selection(store: ObjectStore, request: RestoreRequest): Promise<Selection> {
  const { items, itemsFile } = request;
  if (!itemsFile) return toSelection(items);
  try {
    const { body } = await store.get(itemsFile);
    if (!isUtf8(body)) throw invalidRequest(['itemsFile: is not UTF-8 text']);
    return toSelection([...(items ?? []), ...parseItemsFile(Buffer.from(body).toString('utf8'))]);
  } catch (cause) {
    if (!isStoreError(cause)) throw cause;
    throw invalidRequest([
      `itemsFile: s3://${itemsFile.bucket}/${itemsFile.key} cannot be read (${cause.code}): check its name and the permissions`,
    ]);
  }
}

async function checkDestination(
  ports: RestorePorts,
  request: RestoreRequest,
  manifest: Manifest,
): Promise<RestoreJob['destination']> {
  const bucket = request.destinationBucket;
  if (request.createBucket && (await isMissing(ports, bucket))) {
    const { ownership } = manifest;
    return { bucket, exists: false, create: true, ownership, aclsEnabled: ownership !== 'BucketOwnerEnforced' };
  }
  const described = await describeBucket(ports, bucket, DESTINATION_RULE);
  if (described.region !== ports.deployment.region)
    throw new BackupError(
      ErrorName.regionMismatch,
      `bucket "${bucket}" is in ${described.region}, the recovery point in ${ports.deployment.region}: restore to a bucket of the same Region`,
    );
  if (described.versioning !== 'Enabled')
    throw new BackupError(
      ErrorName.destinationNotVersioned,
      `versioning of bucket "${bucket}" is ${described.versioning}, it must be Enabled so that a restore can never replace anything for good: turn it on, or restore to a new bucket`,
    );
  await refuseVaultBucket(ports.destination, bucket, 'destinationBucket');
  const { ownership, aclsEnabled } = described;
  return { bucket, exists: true, create: false, ownership, aclsEnabled };
}

/** Whether a bucket that is to be created is not there yet. One that is there and empty will do, with the settings it has. */
async function isMissing(ports: RestorePorts, bucket: string): Promise<boolean> {
  try {
    await describeBucket(ports, bucket, DESTINATION_RULE);
  } catch (error) {
    if (error instanceof BackupError && error.name === ErrorName.bucketNotFound) return true;
    throw error;
  }
  const { entries } = await ports.destination.listVersions({ bucket, maxKeys: 1 });
  if (entries.length === 0) return false;
  throw new BackupError(
    ErrorName.destinationNotEmpty,
    `bucket "${bucket}" exists and has objects, but createBucket asks for a new one: leave createBucket out, or choose another name`,
  );
}

/** Neighbouring ranges of the manifest that hold selected keys, put together until a unit has enough rows. */
function planUnits(manifest: Manifest, intervals: readonly KeyRange[], target: number): PlanUnit[] {
  const units: PlanUnit[] = [];
  let open: { from: string; to?: string; rows: number } | undefined;
  const close = (): void => {
    if (open) units.push({ id: String(units.length), from: open.from, to: open.to });
    open = undefined;
  };
  for (const range of historyRanges(manifest, { from: '' })) {
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
