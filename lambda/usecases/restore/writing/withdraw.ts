import { decodeTags } from '../../../core/objects/canonical';
import { bodyProperties, mayLackAcl } from '../../../core/restore/body-properties';
import type { CopyOp, FailureReason, OpOutcome, PutOp, WrongCopy } from '../../../core/restore/outcome';
import { isStoreError, ObjectStore, StoreErrorCode } from '../../../ports/object-store';
import { versionsOfKey } from '../../versions/key-versions';

type Target = { readonly bucket: string; readonly key: string };
type Copy = Pick<WrongCopy, 'versionId' | 'etag'>;
type Restored = Extract<OpOutcome, { kind: 'restored' }>;

/** Failures that another attempt may not have. */
const PASSING: ReadonlySet<StoreErrorCode> = new Set(['throttled', 'unavailable', 'conflict']);
export const isPassing = (code: StoreErrorCode): boolean => PASSING.has(code);

/** What must not be taken for a restored object does not stay current. */
export async function withdraw(
  destination: ObjectStore,
  target: Target,
  { versionId, etag }: Copy,
  reason: FailureReason,
): Promise<OpOutcome> {
  const copy = { versionId, etag };
  return { kind: 'failed', reason, wrong: { ...copy, ...(await hide(destination, target, copy)) } };
}

/** Puts a delete marker on an object, unless somebody else wrote over it or the bucket allows no marker. */
async function hide(
  destination: ObjectStore,
  target: Target,
  version: Copy,
): Promise<Pick<WrongCopy, 'hiddenBy' | 'overwritten'>> {
  try {
    const { versionId } = await destination.addMarker({ ...target, ifMatch: version.etag });
    return { hiddenBy: versionId };
  } catch (error) {
    if (isStoreError(error, 'precondition-failed'))
      return (await hiddenAlready(destination, target, version)) ?? { overwritten: true };
    // Refused for good: the report names what is current.
    if (isStoreError(error, 'access-denied', 'invalid')) return {};
    throw error;
  }
}

/** A marker right on top of it: the answer to the first attempt was lost. */
async function hiddenAlready(
  destination: ObjectStore,
  target: Target,
  version: Copy,
): Promise<Pick<WrongCopy, 'hiddenBy'> | undefined> {
  const [top, below] = await versionsOfKey(destination, target, 2);
  return top?.isMarker && below?.versionId === version.versionId ? { hiddenBy: top.versionId } : undefined;
}

/** Writes what an attempt did not come to that had written the object: tags and an ACL that had no room in its headers. */
export async function mendRest(
  destination: ObjectStore,
  target: Target,
  op: CopyOp | PutOp,
  found: Restored,
  isTop: boolean,
): Promise<OpOutcome> {
  const mended = await mendTags(destination, target, op, found, isTop);
  if (mended.kind !== 'restored' || !mended.withoutAcl || !mayLackAcl(op)) return mended;
  try {
    const { grants = [] } = bodyProperties(op);
    await destination.putAcl({ ...target, versionId: mended.versionId, grants });
    return { ...mended, withoutAcl: undefined };
  } catch (error) {
    if (!isStoreError(error)) throw error;
    return mended;
  }
}

/** What is not on top needs no hiding. */
async function mendTags(
  destination: ObjectStore,
  target: Target,
  op: CopyOp | PutOp,
  { withoutTags, ...restored }: Restored,
  isTop: boolean,
): Promise<OpOutcome> {
  if (!withoutTags) return restored;
  const { versionId, etag } = restored;
  try {
    await destination.putTags({ ...target, versionId, tags: decodeTags(op.tags) });
    return restored;
  } catch (error) {
    if (!isStoreError(error)) throw error;
    if (isTop) return withdraw(destination, target, restored, 'tags-not-written');
    return { kind: 'failed', reason: 'tags-not-written', wrong: { versionId, etag } };
  }
}
