import type { DeadLetters } from '../../core/capture/dead-letters';
import { RETRY_WINDOW_SECONDS } from '../../core/capture/retries';
import { type DatedRule, datesOf, planCaptureRules, sinceOf } from '../../core/capture/rules';
import type { CaptureControl, CaptureHealth } from '../../ports/capture-control';
import type { MemoryQueue } from './memory-queue';

/** A capture whose health tests say. */
export class MemoryCaptureControl implements CaptureControl {
  state: CaptureHealth = { queued: 0, oldestSeconds: 0, disabledRules: [] };
  letters: DeadLetters = { count: 0, most: 0, redrives: [] };
  /** The queue that says how the capture is doing, in the place of what tests say. */
  queue: MemoryQueue | undefined;
  /** Names of rules that were made at run time, and that somebody disabled since. */
  readonly disabled = new Set<string>();
  /** Epoch seconds at which rules are made. */
  now = 0;
  private made: readonly DatedRule[] = [];

  /** Names of the rules that were made at run time. */
  get rules(): string[] {
    return this.made.map(({ name }) => name);
  }

  /** Buckets whose events those rules capture. */
  get captured(): string[] {
    return this.made.filter(({ name }) => !this.disabled.has(name)).flatMap(({ buckets }) => buckets);
  }

  /** Buckets of one of those rules. */
  bucketsOf(rule: string): readonly string[] {
    return this.made.find(({ name }) => name === rule)?.buckets ?? [];
  }

  health(since: number, bucket: string): Promise<CaptureHealth> {
    const own = this.made.filter(({ buckets }) => buckets.includes(bucket));
    const disabled = own.map(({ name }) => name).filter((name) => this.disabled.has(name));
    const capturedSince = sinceOf(own, bucket);
    return Promise.resolve({
      capturedSince,
      ...this.state,
      ...this.ofQueue(since),
      disabledRules: [...this.state.disabledRules, ...disabled],
    });
  }

  deadLetters(since: number): Promise<DeadLetters> {
    return Promise.resolve(this.queue?.deadLetters(since) ?? this.letters);
  }

  private ofQueue(since: number): Partial<CaptureHealth> {
    const { queue } = this;
    if (!queue) return {};
    const recentSeconds = queue.oldestSince(queue.now() - RETRY_WINDOW_SECONDS);
    return { queued: queue.size, oldestSeconds: queue.oldestSince(since), recentSeconds };
  }

  /** Somebody deletes a rule. */
  lose(rule: string): void {
    this.made = this.made.filter(({ name }) => name !== rule);
  }

  ensureRules(buckets: readonly string[]): Promise<{ readonly changed: number }> {
    const { rules, surplus } = planCaptureRules('rule-', this.made, buckets);
    const before = new Map(this.made.map((rule) => [rule.name, String(rule.buckets)]));
    const changed = rules.filter((rule) => before.get(rule.name) !== String(rule.buckets)).length + surplus.length;
    const existing = this.made;
    this.made = rules.map((rule) => ({ ...rule, since: datesOf(rule, existing, this.now) }));
    for (const name of surplus) this.disabled.delete(name);
    return Promise.resolve({ changed });
  }
}
