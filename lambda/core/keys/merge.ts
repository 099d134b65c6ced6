/** Items that come out of a merge at once: one promise for many of them. */
const BATCH = 1_000;

/** A sorted source and the chunk of it that is being read. */
interface Head<T> {
  readonly source: AsyncIterator<readonly T[]>;
  chunk: readonly T[];
  at: number;
  /** Place among the sources: equal items come out in the order of theirs. */
  readonly place: number;
}

/**
 * Merges sorted sources into one sorted stream of chunks. Memory is that of one chunk for each source; the work per item grows
 * with the logarithm of the number of sources.
 */
export async function* mergeSorted<T>(
  sources: readonly AsyncIterable<readonly T[]>[],
  compare: (a: T, b: T) => number,
): AsyncGenerator<T[]> {
  const heads: Head<T>[] = [];
  for (const [place, source] of sources.entries()) {
    const head: Head<T> = { source: source[Symbol.asyncIterator](), chunk: [], at: 0, place };
    if (await refill(head)) heads.push(head);
  }
  const before = (a: Head<T>, b: Head<T>): boolean => {
    const order = compare(a.chunk[a.at] as T, b.chunk[b.at] as T);
    return order < 0 || (order === 0 && a.place < b.place);
  };
  for (let i = (heads.length >> 1) - 1; i >= 0; i--) siftDown(heads, i, before);
  let batch: T[] = [];
  for (let head = heads[0]; head; head = heads[0]) {
    batch.push(head.chunk[head.at++] as T);
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
    }
    if (head.at >= head.chunk.length && !(await refill(head))) {
      const last = heads.pop();
      if (last && last !== head) heads[0] = last;
    }
    siftDown(heads, 0, before);
  }
  if (batch.length > 0) yield batch;
}

/** The next chunk that is not empty; false at the end of the source. */
async function refill<T>(head: Head<T>): Promise<boolean> {
  for (;;) {
    const next = await head.source.next();
    if (next.done) return false;
    head.chunk = next.value;
    head.at = 0;
    if (head.chunk.length > 0) return true;
  }
}

/** Restores the order of a binary heap below one place. */
function siftDown<T>(heap: T[], start: number, before: (a: T, b: T) => boolean): void {
  const item = heap[start];
  if (item === undefined) return;
  let at = start;
  for (;;) {
    let child = 2 * at + 1;
    const left = heap[child];
    if (left === undefined) break;
    const right = heap[child + 1];
    if (right !== undefined && before(right, left)) child++;
    const least = heap[child];
    if (least === undefined || !before(least, item)) break;
    heap[at] = least;
    at = child;
  }
  heap[at] = item;
}
