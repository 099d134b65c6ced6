import type { ScanUnit } from '../../../core/backup/job';
import type { Manifest } from '../../../core/history/manifest';
import { compareKeys, inRange } from '../../../core/keys/order';
import { fractionUpTo, keyBetween } from '../../../core/keys/probe';
import type { VersionPage } from '../../../ports/object-store';
import type { BackupPorts } from '../../context';
import { indexParts } from '../../history/segment-index';
import type { Vault } from '../../vault/vault';
import { runInOrder } from '../../work/pool';

/** Units of a first backup, and requests to find them; a larger bucket has longer units. */
const MOST_UNITS = 64;
const MOST_PROBES = 200;
export const PROBES_AT_A_TIME = 8;
/** Parts of a unit that a worker lists at the same time, where the last commit tells where to cut. */
export const LANES = 4;

/** Cuts a bucket into intervals of keys that are listed in parallel. */
export async function listingUnits(
  ports: BackupPorts,
  bucket: string,
  base: Manifest | undefined,
): Promise<readonly ScanUnit[]> {
  const rows = ports.settings.listingUnitRows;
  const lanes = base ? LANES : 1;
  const cuts = base ? await cutsOfTimeline(ports.vault, base, rows / lanes) : await probe(ports, bucket, rows);
  if (cuts.some((cut, index) => index > 0 && compareKeys(cuts[index - 1] ?? '', cut) >= 0))
    throw new Error(`intervals of the listing of bucket "${bucket}" would overlap`);
  return Array.from({ length: Math.ceil((cuts.length + 1) / lanes) }, (_, index): ScanUnit => {
    const end = (index + 1) * lanes - 1;
    const within = cuts.slice(index * lanes, end);
    const unit = { id: String(index), after: cuts[index * lanes - 1], last: cuts[end] };
    return within.length > 0 ? { ...unit, cuts: within } : unit;
  });
}

/** Keys after which to cut, by the rows of the last commit's segments. */
async function cutsOfTimeline(vault: Vault, base: Manifest, unitRows: number): Promise<string[]> {
  const cuts: string[] = [];
  let rows = 0;
  let last: string | undefined;
  for await (const { part, ...page } of indexParts(vault, base, { from: '' })) {
    // More than one page may name a segment: it counts where it ends.
    const ended = part.segments.filter(({ maxKey }) => inRange(maxKey, page));
    for (const segment of ended.sort((a, b) => compareKeys(a.maxKey, b.maxKey))) {
      if (last !== undefined && rows >= unitRows && last !== segment.maxKey) {
        cuts.push(last);
        rows = 0;
      }
      rows += segment.rows;
      last = segment.maxKey;
    }
  }
  return cuts;
}

/** An interval of keys, after `low` and before `high`, with the page that begins it. */
interface Interval {
  readonly low: string;
  readonly high?: string;
  readonly page: VersionPage;
}

/**
 * Looks into a bucket that has no history: halves intervals of keys, the widest ones together, until each has about the rows of a unit, by
 * how dense a page of 1,000 rows at its beginning is. A bucket of one page costs one request.
 */
async function probe(ports: BackupPorts, bucket: string, unitRows: number): Promise<string[]> {
  const first = await ports.source.listVersions({ bucket });
  const start = first.entries[0];
  if (!first.next || !start) return [];
  const cuts: string[] = [];
  let open: Interval[] = [{ low: start.key, page: first }];
  for (let probes = 0; probes < MOST_PROBES && cuts.length + 1 < MOST_UNITS;) {
    const most = Math.min(PROBES_AT_A_TIME, MOST_PROBES - probes, MOST_UNITS - 1 - cuts.length);
    const widest = open
      .map((interval) => ({ interval, rows: rowsOf(interval) }))
      .filter(({ rows }) => rows >= 2 * unitRows)
      .sort((a, b) => b.rows - a.rows)
      .slice(0, most)
      .map(({ interval }) => interval);
    if (widest.length === 0) break;
    probes += widest.length;
    const halves = await runInOrder(
      widest,
      most,
      () => true,
      (interval) => halved(ports, bucket, interval),
    );
    open = [...open.filter((interval) => !widest.includes(interval)), ...halves.flatMap((found) => found.open)];
    cuts.push(...halves.flatMap(({ cut }) => (cut === undefined ? [] : [cut])));
  }
  return cuts.sort(compareKeys);
}

/** Looks at the first key after the middle of an interval: there it is cut, unless all its keys are before the middle. */
async function halved(
  ports: BackupPorts,
  bucket: string,
  interval: Interval,
): Promise<{ readonly open: readonly Interval[]; readonly cut?: string }> {
  const { low, high, page } = interval;
  const middle = keyBetween(low, high);
  if (middle === undefined) return { open: [] };
  const found = await ports.source.listVersions({ bucket, cursor: { keyMarker: middle } });
  const key = found.entries[0]?.key;
  if (key === undefined || (high !== undefined && compareKeys(key, high) >= 0))
    return { open: [{ low, high: middle, page }] };
  return {
    open: [
      { low, high: key, page },
      { low: key, high, page: found },
    ],
    cut: key,
  };
}

/** An estimate: what the page has, and as dense as its densest end up to the end of the interval. */
function rowsOf({ low, high, page: { entries, next } }: Interval): number {
  const last = entries.at(-1)?.key;
  if (!next || last === undefined || (high !== undefined && compareKeys(last, high) >= 0)) return entries.length;
  const end = fractionUpTo(last, low, high);
  const densities = [2, 4].map((share) => {
    const from = entries[Math.floor(entries.length * (1 - 1 / share))]?.key ?? low;
    return entries.length / share / Math.max(1e-9, end - fractionUpTo(from, low, high));
  });
  return entries.length + (1 - end) * Math.max(...densities);
}
