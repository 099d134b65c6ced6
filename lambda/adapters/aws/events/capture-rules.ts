import {
  DeleteRuleCommand,
  EventBridgeClient,
  type EventBridgeClientConfig,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
  ResourceNotFoundException,
  type Rule,
  type RuleState,
} from '@aws-sdk/client-eventbridge';
import { isDeepStrictEqual } from 'node:util';
import { capturePattern, CONTINUOUS_EVENTS } from '../../../contract/events';
import { type CaptureRule, type DatedRule, datesOf, decodeDates, encodeDates } from '../../../core/capture/rules';

export interface CaptureRulesOptions {
  readonly queueArn: string;
  readonly deadLetterQueueArn: string;
  readonly accountId: string;
  readonly vaultName: string;
  readonly client?: EventBridgeClientConfig;
}

export interface KnownRule extends DatedRule {
  readonly enabled: boolean;
  readonly pattern: unknown;
}

/** The one target of each rule. */
const TARGET_ID = 'Queue';

/** EventBridge rules of the default bus that send the events of buckets to the capture queue. */
export class CaptureRules {
  private readonly client: EventBridgeClient;

  constructor(private readonly options: CaptureRulesOptions) {
    this.client = new EventBridgeClient(options.client ?? {});
  }

  /** Closes the connections. */
  destroy(): void {
    this.client.destroy();
  }

  async list(NamePrefix: string): Promise<KnownRule[]> {
    const rules: Rule[] = [];
    let NextToken: string | undefined;
    do {
      const page = await this.client.send(new ListRulesCommand({ NamePrefix, NextToken }));
      rules.push(...(page.Rules ?? []));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    return rules.map(({ Name: name = '', State, EventPattern, Description = '' }) => {
      const pattern = parsed(EventPattern);
      const buckets = bucketsOf(pattern);
      return { name, enabled: State === 'ENABLED', pattern, buckets, since: decodeDates(Description, buckets) };
    });
  }

  /**
   * Answers whether anything had to be done. A rule that somebody disabled stays so. One that was gone, or led nowhere, says from when on it
   * captures its buckets: that of its first day and that of its return are told apart by whoever knows what was captured before.
   */
  async ensure(rule: CaptureRule, existing: readonly KnownRule[], now: number): Promise<boolean> {
    const { name, buckets } = rule;
    const known = existing.find((one) => one.name === name);
    const pattern = capturePattern(this.options.accountId, CONTINUOUS_EVENTS, buckets);
    const isRight = known !== undefined && isDeepStrictEqual(known.pattern, pattern);
    const leads = known !== undefined && (await this.hasTarget(name));
    if (isRight && leads) return false;
    const since = datesOf(rule, known && !leads ? existing.filter((one) => one !== known) : existing, now);
    const state = known?.enabled === false ? 'DISABLED' : 'ENABLED';
    await this.put(name, JSON.stringify(pattern), state, encodeDates({ name, buckets, since }));
    await this.setTarget(name);
    return true;
  }

  /** Also succeeds when the rule is gone. */
  async remove(name: string): Promise<void> {
    try {
      await this.client.send(new RemoveTargetsCommand({ Rule: name, Ids: [TARGET_ID] }));
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return;
      throw error;
    }
    await this.client.send(new DeleteRuleCommand({ Name: name }));
  }

  private async put(Name: string, EventPattern: string, State: RuleState, dates: string): Promise<void> {
    const Description = `Forwards changes of found buckets to the backup vault ${this.options.vaultName}${dates}`;
    await this.client.send(new PutRuleCommand({ Name, EventPattern, Description, State }));
  }

  private async hasTarget(Rule: string): Promise<boolean> {
    const { Targets = [] } = await this.client.send(new ListTargetsByRuleCommand({ Rule }));
    const { queueArn, deadLetterQueueArn } = this.options;
    return Targets.some(
      ({ Id, Arn, DeadLetterConfig }) =>
        Id === TARGET_ID && Arn === queueArn && DeadLetterConfig?.Arn === deadLetterQueueArn,
    );
  }

  private async setTarget(Rule: string): Promise<void> {
    const { queueArn, deadLetterQueueArn } = this.options;
    const target = { Id: TARGET_ID, Arn: queueArn, DeadLetterConfig: { Arn: deadLetterQueueArn } };
    const { FailedEntryCount = 0, FailedEntries } = await this.client.send(
      new PutTargetsCommand({ Rule, Targets: [target] }),
    );
    // A refused target comes with status 200.
    if (FailedEntryCount === 0) return;
    const { ErrorCode = 'unknown', ErrorMessage = '' } = FailedEntries?.[0] ?? {};
    throw new Error(`EventBridge refused the target of the rule ${Rule}: ${ErrorCode} ${ErrorMessage}`);
  }
}

function parsed(pattern: string | undefined): unknown {
  try {
    return JSON.parse(pattern ?? '') as unknown;
  } catch {
    return undefined;
  }
}

/** Buckets that a pattern names; none of one that somebody has changed to anything else. */
function bucketsOf(pattern: unknown): string[] {
  const { 'detail-type': types, detail } = (pattern ?? {}) as {
    'detail-type'?: unknown;
    detail?: { bucket?: { name?: unknown } };
  };
  const names = detail?.bucket?.name;
  const isWhole = Array.isArray(types) && CONTINUOUS_EVENTS.every((type) => types.includes(type));
  return isWhole && Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
}
