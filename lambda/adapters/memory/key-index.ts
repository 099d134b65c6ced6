import { compareKeys } from '../../core/keys/order';

/** Up to this many new keys are put in place one by one; more are sorted and merged in one go. */
const FEW = 32;

/** The keys of a bucket in S3's order. New keys are gathered and sorted only when somebody looks. */
export class KeyIndex {
  private sorted: string[] = [];
  private added: string[] = [];

  /** Adds a key that is not in the index yet. */
  add(key: string): void {
    this.added.push(key);
  }

  get length(): number {
    this.settle();
    return this.sorted.length;
  }

  at(index: number): string | undefined {
    this.settle();
    return this.sorted[index];
  }

  /** Index of the first key at or after `key`; with `exclusive`, of the first key after it. */
  seek(key: string, exclusive = false): number {
    this.settle();
    let low = 0;
    let high = this.sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const order = compareKeys(this.sorted[middle] ?? '', key);
      if (order < 0 || (exclusive && order === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private settle(): void {
    if (this.added.length === 0) return;
    const added = this.added;
    this.added = [];
    if (added.length <= FEW) {
      for (const key of added) this.sorted.splice(this.seek(key), 0, key);
      return;
    }
    this.sorted = merge(this.sorted, added.sort(compareKeys));
  }
}

function merge(a: readonly string[], b: readonly string[]): string[] {
  const merged: string[] = [];
  let i = 0;
  for (const key of b) {
    for (let head = a[i]; head !== undefined && compareKeys(head, key) < 0; head = a[++i]) merged.push(head);
    merged.push(key);
  }
  return merged.concat(a.slice(i));
}
