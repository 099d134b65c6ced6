import { BUCKETS_PER_RULE } from '../../contract/events';

/** A rule that captures the events of some buckets. */
export interface CaptureRule {
  readonly name: string;
  readonly buckets: readonly string[];
}

export interface CaptureRulesPlan {
  /** All rules as they are to be. */
  readonly rules: readonly CaptureRule[];
  /** Names of rules that no bucket is left in. */
  readonly surplus: readonly string[];
}

/**
 * Rules for exactly these buckets, made of those that there are. A bucket stays in its rule: one that moved could be in none for a moment. New
 * ones fill up the rules that have room; names of new rules are the prefix and the first free numbers.
 */
export function planCaptureRules(
  prefix: string,
  existing: readonly CaptureRule[],
  wanted: readonly string[],
): CaptureRulesPlan {
  const missing = new Set([...wanted].sort());
  const kept = existing.map(({ name, buckets }) => ({ name, buckets: buckets.filter((each) => missing.delete(each)) }));
  const newcomers = [...missing];
  for (const { buckets } of kept) {
    if (buckets.length > 0) buckets.push(...newcomers.splice(0, Math.max(0, BUCKETS_PER_RULE - buckets.length)));
  }
  const empty = kept.filter(({ buckets }) => buckets.length === 0).map(({ name }) => name);
  const rules = kept.filter(({ buckets }) => buckets.length > 0);
  const taken = new Set(rules.map(({ name }) => name));
  for (let number = 0; newcomers.length > 0; number++) {
    const name = `${prefix}${String(number)}`;
    if (!taken.has(name)) rules.push({ name, buckets: newcomers.splice(0, BUCKETS_PER_RULE) });
  }
  const used = new Set(rules.map(({ name }) => name));
  return { rules, surplus: empty.filter((name) => !used.has(name)) };
}

/** What keeps a bucket's events from being captured: the disabled rules that name it, unless an enabled one does too. */
export function whatDisables(
  rules: readonly (CaptureRule & { readonly enabled: boolean })[],
  bucket: string,
): readonly string[] {
  const own = rules.filter(({ buckets }) => buckets.includes(bucket));
  if (own.some(({ enabled }) => enabled)) return [];
  return own.length > 0 ? own.map(({ name }) => name) : [`no rule names bucket "${bucket}"`];
}

/** A rule, and since when it has captured each of its buckets (epoch seconds), where that is known. */
export interface DatedRule extends CaptureRule {
  readonly since: ReadonlyMap<string, number>;
}

/** Since when each bucket of a rule will have been captured: since before where a rule names it already, else from now on. */
export const datesOf = (
  { buckets }: CaptureRule,
  existing: readonly DatedRule[],
  now: number,
): ReadonlyMap<string, number> => new Map(buckets.map((bucket) => [bucket, sinceOf(existing, bucket) ?? now]));

/** Since when the rules have captured a bucket; 0 where that is not known, undefined where none names it. */
export function sinceOf(rules: readonly DatedRule[], bucket: string): number | undefined {
  const dates = rules.filter(({ buckets }) => buckets.includes(bucket)).map(({ since }) => since.get(bucket) ?? 0);
  return dates.length > 0 ? Math.min(...dates) : undefined;
}

const LIST = '; since: ';
const RADIX = 36;

/** The end of a rule's description: the dates of its buckets in their order. It has room for those of a full rule. */
export const encodeDates = ({ buckets, since }: DatedRule): string =>
  LIST + buckets.map((bucket) => (since.get(bucket) ?? 0).toString(RADIX)).join(' ');

/** Dates that a description ends in; none if they are not those of these buckets. */
export function decodeDates(description: string, buckets: readonly string[]): ReadonlyMap<string, number> {
  const at = description.lastIndexOf(LIST);
  const dates = at < 0 ? [] : description.slice(at + LIST.length).split(' ');
  const numbers = dates.map((text) => Number.parseInt(text, RADIX));
  if (numbers.length !== buckets.length || numbers.some(Number.isNaN)) return new Map();
  return new Map(buckets.map((bucket, index) => [bucket, numbers[index] ?? 0]));
}
