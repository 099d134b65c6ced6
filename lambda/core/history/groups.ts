import { lesserKey } from '../keys/order';
import type { Row } from './row';

/** All rows of one key. */
export interface KeyGroup {
  readonly key: string;
  readonly rows: readonly Row[];
}

/** Items by what `of` says of them, in their order. A key may have very many: none is looked for among all others. */
export function grouped<T, K>(items: readonly T[], of: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(of(item));
    if (group) group.push(item);
    else groups.set(of(item), [item]);
  }
  return groups;
}

/** Groups rows that come in key order by their key. Only one group is in memory. */
export async function* groupByKey(chunks: AsyncIterable<readonly Row[]>): AsyncGenerator<KeyGroup> {
  let key: string | undefined;
  let rows: Row[] = [];
  for await (const chunk of chunks) {
    for (const row of chunk) {
      if (row.key !== key) {
        if (key !== undefined) yield { key, rows };
        key = row.key;
        rows = [];
      }
      rows.push(row);
    }
  }
  if (key !== undefined) yield { key, rows };
}

/** Merges groups of several sources in key order: answers, for each key, what each source has of it. */
export async function* mergeGroups(
  sources: readonly AsyncIterator<KeyGroup>[],
): AsyncGenerator<{ key: string; parts: readonly (readonly Row[])[] }> {
  const heads = await Promise.all(sources.map((source) => nextOf(source)));
  for (;;) {
    const key = heads.reduce<string | undefined>((least, head) => lesserKey(least, head?.key), undefined);
    if (key === undefined) return;
    const parts: (readonly Row[])[] = [];
    for (let i = 0; i < sources.length; i++) {
      const head = heads[i];
      const source = sources[i];
      const mine = head?.key === key;
      parts.push(mine ? head.rows : []);
      if (mine && source) heads[i] = await nextOf(source);
    }
    yield { key, parts };
  }
}

/** What comes next; undefined at the end. */
export async function nextOf<T>(source: AsyncIterator<T>): Promise<T | undefined> {
  const read = await source.next();
  return read.done ? undefined : read.value;
}
