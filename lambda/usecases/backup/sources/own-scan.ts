import { BackupError, ErrorName, invalidRequest } from '../../../contract/errors';
import type { WaitAnswer } from '../../../contract/steps';
import type { BackupJob, ContinuousJob } from '../../../core/backup/job';
import type { BackupRequest, UpkeepFacts } from '../../../core/backup/request';
import type { Manifest } from '../../../core/history/manifest';
import { fromIso } from '../../../core/values/instant';
import type { BucketDescription } from '../../../ports/bucket-admin';
import type { BackupPorts } from '../../context';
import { refuseVaultBucket } from '../../vault/vault-buckets';
import { requestsSince } from '../../work/requests';
import type { CoverageNote } from '../coverage/note';
import { type Capture, ensureCapture, planChanges } from '../coverage/plan-changes';
import { type ContinuousPlan, planContinuous } from '../coverage/plan-continuous';
import { type ChosenSource, chooseSource } from './choose';
import { describeSource } from './describe-source';

/** What to scan, or that nothing has to be. */
export async function ownScan(
  ports: BackupPorts,
  request: BackupRequest,
  base: Manifest | undefined,
  { described, jobId, note }: { described: BucketDescription | undefined; jobId: string; note: CoverageNote },
): Promise<OwnScan | WaitAnswer> {
  const { region, aclsEnabled, ownership, date: now } = described ?? (await describeSource(ports, request));
  const bucketFacts = { region, aclsEnabled, ownership };
  const { bucket, metadata } = request;
  const before = { ...ports.source.counts() };
  if (!base) await refuseVaultBucket(ports.source, bucket, 'bucket');
  const isCaptured = metadata === 'EVENTS' || base?.continuous !== undefined;
  const capture = isCaptured ? await ensureCapture(ports, { bucket, jobId, base, now, note }) : undefined;
  const asOf = Math.max(now, base ? fromIso(base.asOf) : 0);
  const logged = planChanges(ports, base, { asOf, now, capture });
  const continuous = await planContinuous(ports, request, base, { now, capture, changes: logged, note });
  const wait = await waitForEvents(ports, request, { base, now, capture, continuous, note });
  if (wait > 0) return { wait };
  const source = await chosenSource(ports, request, { base, now, continuous });
  const changes = {
    ...planChanges(ports, base, { asOf: source.asOf, now, capture }),
    ...recount(ports, request, source, base),
  };
  const requests = requestsSince(ports.source, before);
  const readAll = request.upkeep && source.source === 'listing' && continuous?.readAll;
  if (readAll) await note.beginToReadAll(bucket, now);
  return {
    ...source,
    readAll,
    requests,
    changes,
    continuous: continuous && scannedBy(source, continuous.job, base),
    ...bucketFacts,
  };
}
export type OwnScan = ChosenSource & { readonly readAll?: boolean } & Pick<
    BackupJob,
    'requests' | 'changes' | 'continuous' | 'region' | 'aclsEnabled' | 'ownership'
  >;

/** A recovery point without a scan shows an instant: what was committed shortly before it is counted once more. */
function recount(
  { settings }: BackupPorts,
  { upkeep }: BackupRequest,
  { source }: ChosenSource,
  base: Manifest | undefined,
): { readonly recountFrom?: number } {
  if (source !== 'changes' || !base || upkeep) return {};
  return { recountFrom: fromIso(base.asOf) - settings.settleSeconds };
}

/** Seconds until S3 is sure to send events: what is read before may change once more without anybody telling. */
async function waitForEvents(
  { settings: { startSeconds } }: BackupPorts,
  { bucket, upkeep }: BackupRequest,
  { base, now, capture, continuous, note }: SourceFacts & { capture: Capture | undefined; note: CoverageNote },
): Promise<number> {
  const isStart = upkeep ? continuous?.isStart === true : !base && capture === 'enabled';
  if (isStart) return note.waitFor(now, startSeconds);
  return base || capture === undefined ? 0 : note.restOfStart(bucket, now, startSeconds);
}

interface SourceFacts {
  readonly base: Manifest | undefined;
  readonly now: number;
  readonly continuous: ContinuousPlan | undefined;
}

/** What was captured is enough where it is whole; an upkeep scans when a comparison is due. */
function chosenSource(
  ports: BackupPorts,
  request: BackupRequest,
  facts: SourceFacts,
): Promise<ChosenSource> | ChosenSource {
  return request.upkeep ? upkeepSource(ports, request, request.upkeep, facts) : backupSource(ports, request, facts);
}

const fromChanges = ({ base, continuous }: SourceFacts): ChosenSource => ({
  source: 'changes',
  asOf: Math.max(continuous?.job.capturedThrough ?? 0, base ? fromIso(base.asOf) : 0),
  units: [],
});

function upkeepSource(
  ports: BackupPorts,
  request: BackupRequest,
  { action }: UpkeepFacts,
  facts: SourceFacts,
): Promise<ChosenSource> | ChosenSource {
  const { base, now, continuous } = facts;
  if (action === 'commit-changes' && !base?.continuous)
    throw invalidRequest([
      `action: bucket "${request.bucket}" must be compared with its backup first: use "auto" or "reconcile"`,
    ]);
  const scans = action === 'reconcile' || (action === 'auto' && continuous?.reconcile === true);
  return scans ? chooseSource(ports, { ...request, source: 'listing' }, base, { now }) : fromChanges(facts);
}

function backupSource(
  ports: BackupPorts,
  request: BackupRequest,
  facts: SourceFacts,
): Promise<ChosenSource> | ChosenSource {
  const { base, now, continuous } = facts;
  const { bucket, source } = request;
  const unusable = continuous ? continuous.unusable : 'the bucket has no continuous backup in this vault';
  if (source === 'changes' && unusable !== undefined)
    throw new BackupError(
      ErrorName.changesIncomplete,
      `the captured changes of bucket "${bucket}" do not make a complete recovery point: ${unusable}; use the source "listing"`,
    );
  const fits = request.versions === 'ALL' && request.metadata === 'EVENTS';
  if (wantsNow(request)) return chooseSource(ports, { ...request, source: 'listing' }, base, { now });
  if (source === 'changes' || (source === 'auto' && fits && unusable === undefined)) return fromChanges(facts);
  return chooseSource(ports, request, base, { now, isCaptured: continuous !== undefined && unusable === undefined });
}

/**
 * A backup that a person starts has all that was written before it: captured changes and reports are older. Whom an age was given, may get
 * something older (decision 24).
 */
const wantsNow = ({ source, scheduled, maxSourceAgeMinutes }: BackupRequest): boolean =>
  source === 'auto' && !scheduled && maxSourceAgeMinutes === undefined;

/** A scan of all versions says what the bucket had at its start; the first one is where continuous backup begins. */
function scannedBy({ source, asOf }: ChosenSource, job: ContinuousJob, base: Manifest | undefined): ContinuousJob {
  if (source === 'changes') return job;
  const since = base?.continuous ? job.since : asOf;
  return { ...job, since, capturedThrough: Math.max(job.capturedThrough, since) };
}
