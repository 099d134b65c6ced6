import { type CaptureRule, planCaptureRules } from '../../core/capture-rules';
import type { CaptureControl, CaptureHealth } from '../../ports/capture-control';

/** A capture whose health tests say. */
export class MemoryCaptureControl implements CaptureControl {
  state: CaptureHealth = { queued: 0, oldestSeconds: 0, deadLetters: 0, disabledRules: [] };
  private made: readonly CaptureRule[] = [];

  /** Names of the rules that were made at run time. */
  get rules(): string[] {
    return this.made.map(({ name }) => name);
  }

  /** Buckets whose events those rules capture. */
  get captured(): string[] {
    return this.made.flatMap(({ buckets }) => buckets);
  }

  health(): Promise<CaptureHealth> {
    return Promise.resolve(this.state);
  }

  ensureRules(buckets: readonly string[]): Promise<{ readonly changed: number }> {
    const { rules, surplus } = planCaptureRules('rule-', this.made, buckets);
    const before = new Map(this.made.map((rule) => [rule.name, String(rule.buckets)]));
    const changed = rules.filter((rule) => before.get(rule.name) !== String(rule.buckets)).length + surplus.length;
    this.made = rules;
    return Promise.resolve({ changed });
  }
}
