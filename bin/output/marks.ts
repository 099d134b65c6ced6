import { addCounts, type Counts } from '../../lambda/core/values/counts';
import type { BucketState } from '../../lambda/usecases/browse/state';
import { explainedCounts } from './doubts';
import { byCount, number, plural } from './format';
import type { Io } from './io';

/** Of a line: `?` when it is in doubt, `!` when the vault has no body. */
export const mark = (doubts: readonly string[], notStored: string | undefined): string =>
  `${doubts.length > 0 ? '?' : ' '}${notStored === undefined ? ' ' : '!'}`;

/** Of an element of a document: what throws doubt on the whole state does so on each. */
export function exactness({ coverage }: Pick<BucketState, 'coverage'>, own: readonly string[]) {
  const doubts = [...(coverage?.doubts ?? []), ...own];
  return { exact: doubts.length === 0, doubts };
}

/** Counts what is marked, to explain it at the end. */
export class Marks {
  /** What keys that are left out may be instead. */
  constructor(private readonly otherwise: 'there' | 'different') {}

  private doubtful = 0;
  private missing = 0;
  private hidden = 0;
  private readonly doubts: Counts = {};
  private readonly reasons: Counts = {};

  count(doubts: readonly string[], notStored: string | undefined): void {
    if (doubts.length > 0) this.doubtful++;
    for (const doubt of doubts) addCounts(this.doubts, { [doubt]: 1 });
    if (notStored === undefined) return;
    this.missing++;
    addCounts(this.reasons, { [notStored]: 1 });
  }

  /** A key that is left out, if what is known of it is right. */
  leftOut(): void {
    this.hidden++;
  }

  explain(io: Io): void {
    if (this.doubtful > 0) io.err(`in doubt (?): ${number(this.doubtful)}: ${explainedCounts(this.doubts)}`);
    if (this.missing > 0) {
      const why = byCount(this.reasons).map(([reason, count]) => `${number(count)} ${reason}`);
      io.err(`body not in the vault (!): ${number(this.missing)}: ${why.join(', ')}`);
    }
    if (this.hidden > 0)
      io.err(`not listed, but possibly ${this.otherwise}: ${plural(this.hidden, 'key')}; see "versions"`);
  }
}
