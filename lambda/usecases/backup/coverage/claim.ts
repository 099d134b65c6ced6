import { invalidRequest } from '../../../contract/errors';
import type { BackupRequest } from '../../../core/backup/request';
import type { Manifest } from '../../../core/history/manifest';
import { type BucketClaim, STALE_CLAIM_SECONDS } from '../../../ports/capture-control';
import type { BackupPorts } from '../../context';
import type { PlanFacts } from './plan-continuous';

/** The hourly upkeep renews its claim on a bucket once a day; one that is older has been given up. */
const CLAIM_AGE = 24 * 60 * 60;

/**
 * One vault at a time has a bucket's continuous backup, and periodic backups of it are in the same one. Answers whether it is this one. A claim
 * that no upkeep has renewed for days is noted: the bucket's rules may have been gone with it.
 */
export async function checkClaim(
  { claims, deployment }: Pick<BackupPorts, 'claims' | 'deployment'>,
  request: BackupRequest,
  base: Manifest | undefined,
  { now, note }: PlanFacts,
): Promise<boolean> {
  const { vaultBucket } = deployment;
  const { bucket, upkeep } = request;
  const known = await claims.find(bucket);
  const live = known && isLive(known, now) ? known : undefined;
  const plan = planOf(request, known, base);
  if (live) refuseOther(live, { bucket, vaultBucket, plan: upkeep ? plan : live.plan });
  if (!upkeep) return live !== undefined;
  if (live && now - live.at < CLAIM_AGE) return true;
  if (!live && base?.continuous) await note.write({ at: now, wasGivenUp: true });
  const { vaultBucket: holder } = await claims.claim({ bucket, vaultBucket, plan, at: now }, known);
  if (holder !== vaultBucket)
    throw invalidRequest([
      `bucket: "${bucket}" has just got continuous backup in vault ${holder}: remove it from one of the plans`,
    ]);
  return true;
}

const planOf = (
  { scheduled }: BackupRequest,
  known: BucketClaim | undefined,
  base: Manifest | undefined,
): string | undefined => scheduled?.plan ?? known?.plan ?? base?.continuous?.plan;

const isLive = ({ at }: BucketClaim, now: number): boolean => now - at < STALE_CLAIM_SECONDS;

/** A live claim of another vault, or of another plan of this one. */
function refuseOther(live: BucketClaim, { bucket, vaultBucket, plan }: Omit<BucketClaim, 'at'>): void {
  if (live.vaultBucket !== vaultBucket)
    throw invalidRequest([
      `bucket: "${bucket}" has continuous backup in vault ${live.vaultBucket}, so all its backups must be there: remove it from one of the plans`,
    ]);
  if (live.plan !== undefined && plan !== live.plan)
    throw invalidRequest([
      `bucket: "${bucket}" already has continuous backup by plan ${live.plan}: remove it from one of the plans`,
    ]);
}
