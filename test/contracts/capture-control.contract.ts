import { BUCKETS_PER_RULE } from '../../lambda/contract/events';
import type { CaptureControl } from '../../lambda/ports/capture-control';

/** A capture that tests can do things to. */
export interface CaptureWorld {
  readonly control: CaptureControl;
  /** Puts so many messages into the queue, or the dead-letter queue. */
  send(queue: 'queue' | 'deadLetters', messages: number): Promise<void>;
  /** Buckets of each enabled rule that was made at run time and sends to the queue, by the rule's name. */
  rules(): Promise<Readonly<Record<string, readonly string[]>>>;
  /** Spoils a rule that was made at run time. */
  disable(rule: string): Promise<void>;
  /** Deletes a rule that was made at run time, or only takes its target away. */
  lose(rule: string, what: 'rule' | 'target'): Promise<void>;
  /** Epoch seconds of the clock that rules are dated by, which tests set. */
  at(seconds: number): void;
  /** Spoils the rule of the template, of which there is one, for the bucket `named`. */
  disableDeployed(how: 'disabled' | 'missing'): Promise<void>;
}

const names = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, index) => `bucket-${String(from + index).padStart(3, '0')}`);

export function captureControlContract(newWorld: () => Promise<CaptureWorld>): void {
  describe('capture control', () => {
    let world: CaptureWorld;
    beforeEach(async () => {
      world = await newWorld();
    });
    const bucketsOf = async (): Promise<string[]> =>
      Object.values(await world.rules())
        .flat()
        .sort();

    test('nothing waits, nothing failed, and the rules are there', async () => {
      const { oldestSeconds = 0, ...health } = await world.control.health(0, 'named');
      expect(health).toEqual({ queued: 0, disabledRules: [] });
      expect(await world.control.deadLetters(0)).toEqual({ count: 0, most: 0, redrives: [] });
      expect(oldestSeconds).toBe(0);
    });

    test('counts what waits, and what failed', async () => {
      await world.send('queue', 3);
      await world.send('deadLetters', 2);
      expect(await world.control.health(0, 'named')).toMatchObject({ queued: 3 });
      expect(await world.control.deadLetters(0)).toMatchObject({ count: 2, redrives: [] });
    });

    test.each(['disabled', 'missing'] as const)('says so when the rule of the template is %s', async (how) => {
      await world.disableDeployed(how);
      expect((await world.control.health(0, 'named')).disabledRules).toHaveLength(1);
    });

    test('makes rules for exactly the buckets it is given, and leaves right ones alone', async () => {
      const buckets = names(BUCKETS_PER_RULE + 5);
      expect(await world.control.ensureRules(buckets)).toEqual({ changed: 2 });
      expect(await bucketsOf()).toEqual(buckets);
      expect(await world.control.ensureRules([...buckets].reverse())).toEqual({ changed: 0 });
      expect(await world.control.ensureRules([...buckets, 'bucket-001'])).toEqual({ changed: 0 });
      expect(Object.values(await world.rules()).every((some) => some.length <= BUCKETS_PER_RULE)).toBe(true);
    });

    test('a bucket stays in its rule, whoever comes and goes', async () => {
      await world.control.ensureRules(names(BUCKETS_PER_RULE + 2));
      const before = await world.rules();
      const ruleOf = (rules: typeof before, bucket: string): string | undefined =>
        Object.keys(rules).find((rule) => rules[rule]?.includes(bucket));
      const buckets = ['a-newcomer', ...names(BUCKETS_PER_RULE + 1, 1)];
      expect(await world.control.ensureRules(buckets)).toEqual({ changed: 1 });
      const after = await world.rules();
      expect(await bucketsOf()).toEqual(buckets);
      for (const bucket of names(BUCKETS_PER_RULE + 1, 1)) {
        expect([bucket, ruleOf(after, bucket)]).toEqual([bucket, ruleOf(before, bucket)]);
      }
    });

    test('rules that no bucket is left in go, and come back', async () => {
      await world.control.ensureRules(names(BUCKETS_PER_RULE + 2));
      expect(await world.control.ensureRules(names(2, BUCKETS_PER_RULE))).toEqual({ changed: 1 });
      expect(Object.keys(await world.rules())).toHaveLength(1);
      expect(await world.control.ensureRules([])).toEqual({ changed: 1 });
      expect(await world.rules()).toEqual({});
      expect(await world.control.ensureRules([])).toEqual({ changed: 0 });
      await world.control.ensureRules(['back-again']);
      expect(await bucketsOf()).toEqual(['back-again']);
    });

    test.each(['rule', 'target'] as const)(
      'a %s that somebody took away is made again, and dated anew',
      async (what) => {
        const since = async (bucket: string) => (await world.control.health(0, bucket)).capturedSince;
        world.at(1_000_000);
        const buckets = names(BUCKETS_PER_RULE + 2);
        await world.control.ensureRules(buckets);
        const [full, other] = ['bucket-000', names(1, BUCKETS_PER_RULE)[0] ?? ''];
        expect([await since(full), await since(other)]).toEqual([1_000_000, 1_000_000]);
        const rules = await world.rules();
        world.at(2_000_000);
        expect(await world.control.ensureRules([...buckets, 'newcomer'])).toEqual({ changed: 1 });
        expect([await since(full), await since(other), await since('newcomer')]).toEqual([1e6, 1e6, 2e6]);
        await world.lose(Object.keys(rules).find((rule) => rules[rule]?.includes(other)) ?? '', what);
        world.at(3_000_000);
        await world.control.ensureRules([...buckets, 'newcomer']);
        expect(await bucketsOf()).toEqual([...buckets, 'newcomer'].sort());
        expect([await since(full), await since(other), await since('newcomer')]).toEqual([1e6, 3e6, 3e6]);
        expect((await since('named')) ?? 0).toBe(0);
      },
    );

    test('a rule that somebody disabled stays so, and its buckets are told of, until somebody enables it', async () => {
      await world.control.ensureRules(['one', 'two']);
      const [rule] = Object.keys(await world.rules()) as [string];
      expect((await world.control.health(0, 'two')).disabledRules).toEqual([]);
      await world.disable(rule);
      expect(await world.control.ensureRules(['one', 'two'])).toEqual({ changed: 0 });
      expect(await world.control.ensureRules(['one', 'three', 'two'])).toEqual({ changed: 1 });
      expect(await world.rules()).toEqual({});
      expect((await world.control.health(0, 'two')).disabledRules).toEqual([rule]);
    });
  });
}
