import { isPresenceInDoubt, listingDoubts, objectOf } from '../../core/browse/listed';
import type { VersionView } from '../../core/history/view';
import { afterPrefix, compareKeys, KeyRange } from '../../core/keys/order';
import type { PointPorts } from '../restore/point/point';
import { BucketState, viewsIn } from './state';

export type ListedEntry =
  | { readonly kind: 'object'; readonly key: string; readonly version: VersionView; readonly doubts: readonly string[] }
  /** Objects with this prefix are there; in doubt if all of them are. */
  | { readonly kind: 'prefix'; readonly prefix: string; readonly doubts: readonly string[] }
  /** A key that has no object, as far as is known. */
  | { readonly kind: 'absent'; readonly key: string; readonly doubts: readonly string[] };

export interface ListObjects {
  readonly prefix: string;
  /** Keys that are the same up to the first delimiter after the prefix are one entry; absent: each key is one. */
  readonly delimiter?: string;
}

export const rangeOfPrefix = (prefix: string): KeyRange => ({ from: prefix, to: afterPrefix(prefix) });

/** The objects that were current, in key order, in constant memory. Keys without one are told only where that is in doubt. */
export async function* listObjects(
  ports: PointPorts,
  state: BucketState,
  { prefix, delimiter }: ListObjects,
): AsyncGenerator<ListedEntry> {
  /** Keys before it are in a prefix that is listed already. */
  let next = prefix;
  let pending: { readonly prefix: string; readonly doubts: Set<string> } | undefined;
  for await (const view of viewsIn(ports, state, rangeOfPrefix(prefix), () => next)) {
    const { key } = view;
    if (compareKeys(key, next) < 0) continue;
    const group = groupOf(key, prefix, delimiter);
    if (pending && pending.prefix !== group) {
      yield { kind: 'prefix', prefix: pending.prefix, doubts: [...pending.doubts] };
      pending = undefined;
    }
    const doubts = listingDoubts(view);
    const version = objectOf(view);
    if (!version) {
      if (isPresenceInDoubt(doubts)) yield { kind: 'absent', key, doubts };
    } else if (group === undefined) yield { kind: 'object', key, version, doubts };
    else if (isPresenceInDoubt(doubts)) {
      pending ??= { prefix: group, doubts: new Set() };
      for (const doubt of doubts) pending.doubts.add(doubt);
    } else {
      yield { kind: 'prefix', prefix: group, doubts: [] };
      pending = undefined;
      const after = afterPrefix(group);
      if (after === undefined) return;
      next = after;
    }
  }
  if (pending) yield { kind: 'prefix', prefix: pending.prefix, doubts: [...pending.doubts] };
}

function groupOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined) return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}
