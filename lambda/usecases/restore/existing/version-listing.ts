import { afterKey, inRange, KeyRange } from '../../../core/keys/order';
import type { ListedVersion, ObjectStore, VersionCursor } from '../../../ports/object-store';
import { justBefore } from './destination-listing';

/** What a bucket has under one key, as far as somebody wants to know. */
export interface ListedKey {
  /** The current object or delete marker. */
  readonly current?: ListedVersion;
  /** The version that was looked for, if the bucket has it. */
  readonly found?: ListedVersion;
  /** What lies on top of that version, newest first, down to the first object. Of very many, the newest. */
  readonly above: readonly ListedVersion[];
}

/** More than anybody removes. */
const MOST_ABOVE = 1000;

/** The versions of a bucket within an interval of keys, key after key. A page of them is in memory. */
export class VersionListing {
  private page: readonly ListedVersion[] = [];
  private index = 0;
  private cursor: VersionCursor | undefined;
  private ended = false;
  private readonly prefix: string | undefined;

  constructor(
    private readonly store: ObjectStore,
    private readonly bucket: string,
    private readonly interval: KeyRange,
  ) {
    const { from, to } = interval;
    this.prefix = to === afterKey(from) ? from : undefined;
    const keyMarker = this.prefix === undefined ? justBefore(from) : undefined;
    this.cursor = keyMarker === undefined || keyMarker === '' ? undefined : { keyMarker };
  }

  /** The next key that the bucket has anything under. */
  async peek(): Promise<string | undefined> {
    return (await this.entry())?.key;
  }

  /** Goes over all versions of a key, which must not come before one that was taken. */
  async take(key: string, isWanted: (version: ListedVersion) => boolean): Promise<ListedKey> {
    let current: ListedVersion | undefined;
    let found: ListedVersion | undefined;
    const above: ListedVersion[] = [];
    for (let entry = await this.entry(); entry?.key === key; entry = await this.entry()) {
      current ??= entry;
      if (!found && isWanted(entry)) found = entry;
      // An object among them says enough: what comes below it is of no interest.
      if (!found && above.length < MOST_ABOVE && (above.at(-1)?.isMarker ?? true)) above.push(entry);
      this.index++;
    }
    return { current, found, above };
  }

  private async entry(): Promise<ListedVersion | undefined> {
    for (;;) {
      for (; this.index < this.page.length; this.index++) {
        const entry = this.page[this.index];
        if (entry && inRange(entry.key, this.interval)) return entry;
        // Keys come in order: behind the interval nothing more is wanted.
        if (entry && this.isBehind(entry.key)) return undefined;
      }
      if (this.ended) return undefined;
      const { bucket, prefix, cursor } = this;
      const page = await this.store.listVersions({ bucket, prefix, cursor });
      this.page = page.entries;
      this.index = 0;
      this.cursor = page.next;
      this.ended = page.next === undefined;
    }
  }

  private isBehind(key: string): boolean {
    return this.interval.to !== undefined && !inRange(key, { from: '', to: this.interval.to });
  }
}
