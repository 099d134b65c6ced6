import type { Manifest } from '../../lambda/core/history/manifest';
import { type HistoryPart, type HistoryRange, partOf } from '../../lambda/core/history/segment-index';
import { historyRanges } from '../../lambda/usecases/history/segment-index';
import type { Vault } from '../../lambda/usecases/vault/vault';

/** The index of a commit's history, in pages or not, as one part in memory. */
export async function wholeHistory(vault: Vault, manifest: Pick<Manifest, 'history'>): Promise<HistoryPart> {
  const ranges: HistoryRange[] = [];
  for await (const range of historyRanges(vault, manifest, { from: '' })) ranges.push(range);
  return partOf(ranges);
}
