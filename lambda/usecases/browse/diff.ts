import { listingDoubts, objectOf } from '../../core/browse/listed';
import { ChangedPart, changedParts } from '../../core/browse/object-changes';
import { versionIdentity } from '../../core/history/row';
import type { KeyView, VersionView } from '../../core/history/view';
import { compareKeys } from '../../core/keys/order';
import type { PointPorts } from '../restore/point/point';
import { rangeOfPrefix } from './objects';
import { BucketState, viewsIn } from './state';

/** What became of one key between two states of a bucket. */
export interface KeyDifference {
  readonly key: string;
  /** `rewritten` is a new version in which nothing differs; `same` is told only where that is in doubt. */
  readonly change: 'added' | 'removed' | 'changed' | 'rewritten' | 'same';
  /** Of a changed object. */
  readonly parts: readonly ChangedPart[];
  readonly before?: VersionView;
  readonly after?: VersionView;
  /** Reasons in either state. */
  readonly doubts: readonly string[];
}

/** Keys whose object differs between two states, in key order, in constant memory. */
export async function* diffStates(
  ports: PointPorts,
  from: BucketState,
  to: BucketState,
  prefix: string,
): AsyncGenerator<KeyDifference> {
  const range = rangeOfPrefix(prefix);
  for await (const [before, after] of pairs(viewsIn(ports, from, range), viewsIn(ports, to, range))) {
    const difference = differenceOf(before, after);
    if (difference && (difference.change !== 'same' || difference.doubts.length > 0)) yield difference;
  }
}

/** Undefined where neither state has the key. */
function differenceOf(before: KeyView | undefined, after: KeyView | undefined): KeyDifference | undefined {
  const view = before ?? after;
  if (!view) return undefined;
  const [old, now] = [objectOf(before), objectOf(after)];
  const doubts = [...new Set([before, after].flatMap((one) => (one ? listingDoubts(one) : [])))];
  const facts = { key: view.key, before: old, after: now, doubts };
  if (!old || !now) return { ...facts, change: now ? 'added' : old ? 'removed' : 'same', parts: [] };
  const parts = changedParts(old, now);
  const isSame = versionIdentity(old.row) === versionIdentity(now.row);
  return { ...facts, change: parts.length > 0 ? 'changed' : isSame ? 'same' : 'rewritten', parts };
}

/** Two sequences in key order side by side. */
async function* pairs(
  left: AsyncGenerator<KeyView>,
  right: AsyncGenerator<KeyView>,
): AsyncGenerator<[KeyView | undefined, KeyView | undefined]> {
  try {
    let [a, b] = await Promise.all([left.next(), right.next()]);
    while (!a.done || !b.done) {
      const order = a.done ? 1 : b.done ? -1 : compareKeys(a.value.key, b.value.key);
      yield [order <= 0 ? (a.value as KeyView) : undefined, order >= 0 ? (b.value as KeyView) : undefined];
      [a, b] = await Promise.all([order <= 0 ? left.next() : a, order >= 0 ? right.next() : b]);
    }
  } finally {
    await Promise.all([left.return(undefined), right.return(undefined)]);
  }
}
