import { MemoryObjectStore, MemoryS3 } from '../../lambda/adapters/memory';
import type { HistoryIndex, Manifest } from '../../lambda/core/history/manifest';
import type { Additions } from '../../lambda/core/history/next-ranges';
import type { HistoryRange } from '../../lambda/core/history/segment-index';
import type { KeyRange } from '../../lambda/core/keys/order';
import { NextHistory } from '../../lambda/usecases/backup/compare/next-history';
import { historyRanges } from '../../lambda/usecases/history/segment-index';
import { Vault } from '../../lambda/usecases/vault/vault';

export { wholeHistory } from '../../bench/support/whole-history';

type Indexed = Pick<Manifest, 'history'>;

/** An empty vault in memory. */
export function emptyVault(): Vault {
  const s3 = new MemoryS3();
  s3.createBucket('the-vault');
  return new Vault(new MemoryObjectStore(s3), 'the-vault');
}

export interface HistoryAfter {
  readonly vault?: Vault;
  readonly base?: Indexed;
  readonly units: readonly KeyRange[];
  readonly additions: (unit: number) => Partial<Additions>;
  readonly cuts?: boolean;
  readonly pageSegments?: number;
}

/** The index of the commit of a job with these units. */
export async function historyAfter(options: HistoryAfter): Promise<HistoryIndex> {
  const { vault = emptyVault(), base, units, additions, cuts = true, pageSegments = Infinity } = options;
  const next = new NextHistory({ vault, job: { bucket: 'src', jobId: 'job' }, base, cuts, pageSegments });
  for (const [number, unit] of units.entries())
    await next.add(unit, { segments: [], merged: [], ...additions(number) });
  return next.finish();
}

export async function rangesOf(vault: Vault, base: Indexed, within: KeyRange = { from: '' }): Promise<HistoryRange[]> {
  const ranges: HistoryRange[] = [];
  for await (const range of historyRanges(vault, base, within)) ranges.push(range);
  return ranges;
}
