import { compareKeys } from '../../../core/keys/order';
import type { Hidden } from '../../../core/restore/uncover';
import type { ListedVersion, ObjectStore } from '../../../ports/object-store';
import { versionsOfKey } from '../../versions/key-versions';
import { justBefore } from './destination-listing';

/** The last character that a key can have: sorts behind all that begins with what is before it. */
const LAST = '\u{10FFFD}';

/**
 * What a bucket has under some keys right now. One request shows all of them that lie in its page, so keys that are close together cost
 * a thousandth of one each, and keys far apart one each.
 */
export class KeyChecks {
  constructor(
    private readonly store: Pick<ObjectStore, 'listVersions'>,
    private readonly bucket: string,
  ) {}

  /** Lists the first of the keys, which come in order, and those after it that the same page shows whole. */
  async look(keys: readonly Hidden[]): Promise<readonly (readonly ListedVersion[])[]> {
    const [first, second] = keys;
    if (!first) return [];
    const { bucket } = this;
    if (!second) return [await this.lookAt(first)];
    const { entries, next } = await this.store.listVersions({ bucket, cursor: before(first.key) });
    const last = next ? (entries.at(-1)?.key ?? '') : undefined;
    const shown = keys.findIndex(({ key }) => last !== undefined && compareKeys(key, last) >= 0);
    const whole = shown < 0 ? keys : keys.slice(0, shown);
    if (whole.length === 0) return [await this.lookAt(first)];
    const byKey = Map.groupBy(entries, ({ key }) => key);
    return whole.map(({ key }) => byKey.get(key) ?? []);
  }

  private lookAt({ key, markers }: Hidden): Promise<ListedVersion[]> {
    // One more than the plan saw: what lies on top of it all is enough to leave the key alone.
    return versionsOfKey(this.store, { bucket: this.bucket, key }, markers.length + 2);
  }
}

/** Where a listing begins that is to have the key near its front. */
function before(key: string): { keyMarker: string } | undefined {
  const text = justBefore(key);
  if (text === undefined || text === '') return undefined;
  return { keyMarker: key.startsWith(text) ? text : text + LAST };
}
