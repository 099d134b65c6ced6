import fc from 'fast-check';
import { BUCKETS_PER_RULE, capturePattern, CONTINUOUS_EVENTS } from '../../../lambda/contract/events';
import {
  type CaptureRule,
  decodeDates,
  encodeDates,
  planCaptureRules,
  sinceOf,
} from '../../../lambda/core/capture/rules';

/** Quota of EventBridge. */
const PATTERN_LIMIT = 2_048;

const plan = (existing: readonly CaptureRule[], wanted: readonly string[]) =>
  planCaptureRules('found-', existing, wanted);
const buckets = fc.uniqueArray(
  fc.integer({ min: 0, max: 120 }).map((n) => `bucket-${n}`),
  { maxLength: 80 },
);

test('a full rule of the longest names is within the limit of a pattern', () => {
  const names = Array.from({ length: BUCKETS_PER_RULE }, (_, n) => `bucket-${n}`.padEnd(63, 'x'));
  const pattern = capturePattern('111122223333', CONTINUOUS_EVENTS, names);
  expect(JSON.stringify(pattern).length).toBeLessThanOrEqual(PATTERN_LIMIT);
});

test('whatever rules there are, each bucket ends up in exactly one, and one that had a rule stays in it', () => {
  fc.assert(
    fc.property(fc.array(buckets, { minLength: 1, maxLength: 6 }), (steps) => {
      let rules: readonly CaptureRule[] = [];
      for (const wanted of steps) {
        const next = plan(rules, wanted);
        expect(next.rules.flatMap((rule) => rule.buckets).sort()).toEqual([...wanted].sort());
        expect(Math.max(0, ...next.rules.map((rule) => rule.buckets.length))).toBeLessThanOrEqual(BUCKETS_PER_RULE);
        expect(new Set(next.rules.map(({ name }) => name)).size).toBe(next.rules.length);
        const ruleOf = (all: readonly CaptureRule[], bucket: string) =>
          all.find((rule) => rule.buckets.includes(bucket))?.name;
        for (const bucket of wanted) {
          const before = ruleOf(rules, bucket);
          if (before !== undefined) expect(ruleOf(next.rules, bucket)).toBe(before);
        }
        // All rules of before are in the plan, to be put or to be removed.
        const named = [...next.rules.map(({ name }) => name), ...next.surplus];
        expect(named).toEqual(expect.arrayContaining(rules.map(({ name }) => name)));
        expect(new Set(named).size).toBe(named.length);
        rules = next.rules;
      }
    }),
  );
});

test('a bucket that is in two rules stays in the first', () => {
  const existing = [
    { name: 'found-0', buckets: ['a', 'b'] },
    { name: 'found-7', buckets: ['b'] },
  ];
  expect(plan(existing, ['a', 'b'])).toEqual({
    rules: [{ name: 'found-0', buckets: ['a', 'b'] }],
    surplus: ['found-7'],
  });
});

test('a rule that somebody widened beyond the limit is not filled up further', () => {
  const many = Array.from({ length: BUCKETS_PER_RULE + 3 }, (_, n) => `bucket-${n}`);
  const { rules } = plan([{ name: 'found-0', buckets: many }], [...many, 'newcomer']);
  expect(rules).toEqual([
    { name: 'found-0', buckets: many },
    { name: 'found-1', buckets: ['newcomer'] },
  ]);
});

test('the name of a rule that emptied is used again', () => {
  expect(plan([{ name: 'found-0', buckets: ['gone'] }], ['new'])).toEqual({
    rules: [{ name: 'found-0', buckets: ['new'] }],
    surplus: [],
  });
});

describe('dates of a rule', () => {
  const buckets = Array.from({ length: 25 }, (_, index) => `bucket-${String(index)}`);

  test('fit into the description of a full rule of a vault with a long name, and come back', () => {
    const since = new Map(buckets.map((bucket, index) => [bucket, 4_000_000_000 + index]));
    const text = encodeDates({ name: 'rule', buckets, since });
    const description = `Forwards changes of found buckets to the backup vault ${'v'.repeat(50)}${text}`;
    // EventBridge's limit.
    expect(description.length).toBeLessThanOrEqual(512);
    expect(decodeDates(description, buckets)).toEqual(since);
  });

  test.each(['', 'what somebody wrote', 'a rule; since: abc', 'a rule; since: ? !'])(
    'are none in %j',
    (description) => {
      expect(decodeDates(description, ['one', 'two']).size).toBe(0);
    },
  );

  test('are those of the rule that has had a bucket for longest; no date is no reason for doubt', () => {
    const rule = (name: string, since: [string, number][]) => ({ name, buckets: ['a'], since: new Map(since) });
    expect(sinceOf([rule('x', [['a', 5]]), rule('y', [['a', 3]])], 'a')).toBe(3);
    expect(sinceOf([rule('x', [['a', 5]]), rule('y', [])], 'a')).toBe(0);
    expect(sinceOf([rule('x', [['a', 5]])], 'b')).toBeUndefined();
  });
});
