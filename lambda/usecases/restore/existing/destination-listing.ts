import { compareKeys, KeyRange } from '../../../core/keys/order';
import { isStoreError, ListedObject, ObjectStore } from '../../../ports/object-store';

/** Text that sorts before `from` with no wanted key between them: where a listing that is to include `from` starts after. */
export function justBefore(from: string): string | undefined {
  const points = Array.from(from);
  const last = points.pop()?.codePointAt(0);
  if (last === undefined) return undefined;
  const head = points.join('');
  if (last === 0) return head;
  const previous = last - 1 >= 0xd800 && last - 1 <= 0xdfff ? 0xd7ff : last - 1;
  // U+0000 and other controls are of no use in a request.
  return previous < 0x20 ? head || undefined : head + String.fromCodePoint(previous);
}

/**
 * Which objects the destination has, asked in key order: one listing runs beside the keys. A single selected key is asked for by
 * HEAD, which costs a tenth of a listing.
 */
export class DestinationListing {
  private page: readonly ListedObject[] = [];
  private index = 0;
  private next: string | undefined;
  private started = false;

  constructor(
    private readonly store: ObjectStore,
    private readonly bucket: string,
    private readonly interval: KeyRange,
    private readonly prefix: string,
  ) {}

  /** ETag of the object with that key, if there is one. Keys must come in order. */
  async find(key: string): Promise<string | undefined> {
    for (;;) {
      for (; this.index < this.page.length; this.index++) {
        const object = this.page[this.index];
        const order = object ? compareKeys(object.key, key) : -1;
        if (order === 0) return object?.etag;
        if (order > 0) return undefined;
      }
      if (this.started && this.next === undefined) return undefined;
      await this.load();
    }
  }

  private async load(): Promise<void> {
    const startAfter = this.started ? this.next : justBefore(this.prefix + this.interval.from);
    const page = await this.store.listObjects({
      bucket: this.bucket,
      prefix: this.prefix === '' ? undefined : this.prefix,
      startAfter: startAfter === '' ? undefined : startAfter,
    });
    this.page = page.entries;
    this.index = 0;
    this.next = page.next;
    this.started = true;
  }
}

/** ETag of one object, if there is one. */
export async function headEtag(store: ObjectStore, bucket: string, key: string): Promise<string | undefined> {
  try {
    return (await store.head({ bucket, key })).etag;
  } catch (error) {
    if (isStoreError(error, 'not-found', 'delete-marker')) return undefined;
    throw error;
  }
}
