import type { Manifest } from '../../core/history/manifest';
import {
  endOfRange,
  type HistoryPart,
  type HistoryRange,
  NO_HISTORY,
  pageOf,
  type PageRef,
  rangesWithin,
} from '../../core/history/segment-index';
import { compareKeys, type KeyRange } from '../../core/keys/order';
import type { Vault } from '../vault/vault';

/** The index of a commit's history as a whole, or a page of it. */
export interface IndexPart extends KeyRange {
  readonly part: HistoryPart;
  readonly page?: PageRef;
}

type Indexed = Pick<Manifest, 'history'> | undefined;

/** Parts of the index that reach into an interval, in key order. A page is read when it is asked for, and not if `skipTo` is behind it. */
export async function* indexParts(
  vault: Vault,
  manifest: Indexed,
  within: KeyRange,
  skipTo?: () => string,
): AsyncGenerator<IndexPart> {
  const history = manifest ? manifest.history : NO_HISTORY;
  if (!('pages' in history)) {
    yield { from: '', part: history };
    return;
  }
  const { pages } = history;
  for (let place = pageOf(pages, within.from); place < pages.length; place++) {
    const page = pages[place];
    if (!page || (within.to !== undefined && compareKeys(page.from, within.to) >= 0)) return;
    const to = pages[place + 1]?.from;
    if (skipTo && to !== undefined && compareKeys(to, skipTo()) <= 0) continue;
    yield { from: page.from, to, part: await vault.indexPage(page), page };
  }
}

/** Ranges of a commit's history within an interval, cut to it: one of the whole interval where there is no commit. */
export async function* historyRanges(
  vault: Vault,
  manifest: Indexed,
  within: KeyRange,
  skipTo?: () => string,
): AsyncGenerator<HistoryRange> {
  for await (const { part, to } of indexParts(vault, manifest, within, skipTo)) yield* rangesWithin(part, within, to);
}

/** Where the range of a commit's history ends that has a key; undefined for the last one. */
export async function endOfRangeAt(vault: Vault, manifest: Indexed, key: string): Promise<string | undefined> {
  for await (const { part, to } of indexParts(vault, manifest, { from: key })) return endOfRange(part, key, to);
  return undefined;
}
