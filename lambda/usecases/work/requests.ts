import type { Counts } from '../../core/values/counts';
import type { CountingStore } from '../../ports/object-store';

/** Requests that went through a store since `before`, without operations that had none. */
export function requestsSince(store: CountingStore, before: Readonly<Counts>): Counts {
  const since: Counts = {};
  for (const [name, count] of Object.entries(store.counts())) {
    if (count > (before[name] ?? 0)) since[name] = count - (before[name] ?? 0);
  }
  return since;
}
