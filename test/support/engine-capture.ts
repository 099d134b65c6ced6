import {
  DeleteRuleCommand,
  DisableRuleCommand,
  EventBridgeClient,
  ListRulesCommand,
  ListTargetsByRuleCommand,
  PutRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateQueueCommand, GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { randomBytes } from 'node:crypto';
import { AwsCaptureControl } from '../../lambda/adapters/aws/events/aws-capture-control';
import { capturePattern, CONTINUOUS_EVENTS } from '../../lambda/contract/events';
import { clientConfig, localAccount } from '../../local/service/aws-env';
import type { Engine } from '../../local/service/engine';
import type { CaptureWorld } from '../contracts/capture-control.contract';

/** Captures with their queues and rules on the engine; `opened` gets what has to be closed at the end. */
export function engineCapture(engine: Engine, opened: { destroy(): void }[]): () => Promise<CaptureWorld> {
  const sqs = new SQSClient(clientConfig(engine));
  const events = new EventBridgeClient(clientConfig(engine));
  opened.push(sqs, events);

  const newQueue = async (name: string): Promise<{ url: string; arn: string }> => {
    const { QueueUrl: url = '' } = await sqs.send(new CreateQueueCommand({ QueueName: name }));
    const { Attributes } = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }),
    );
    return { url, arn: Attributes?.QueueArn ?? '' };
  };
  const sendsTo = async (Rule: string, arn: string): Promise<boolean> => {
    const { Targets = [] } = await events.send(new ListTargetsByRuleCommand({ Rule }));
    return Targets.length === 1 && Targets[0]?.Arn === arn;
  };

  return async () => {
    const id = randomBytes(6).toString('hex');
    const [queue, deadLetters] = [await newQueue(`capture-${id}`), await newQueue(`letters-${id}`)];
    const deployed = `s3-backup-${id}-named-0`;
    const pattern = capturePattern(localAccount, CONTINUOUS_EVENTS, ['named']);
    await events.send(new PutRuleCommand({ Name: deployed, EventPattern: JSON.stringify(pattern) }));
    let now: number | undefined;
    const rulePrefix = `s3-backup-${id}-found-`;
    // One function looks at all rules of a vault, another makes some of them.
    const [all, own] = [`s3-backup-${id}-`, rulePrefix].map((prefix) => {
      const control = new AwsCaptureControl({
        queueUrl: queue.url,
        deadLetterQueueUrl: deadLetters.url,
        queueArn: queue.arn,
        deadLetterQueueArn: deadLetters.arn,
        rulePrefix: prefix,
        accountId: localAccount,
        vaultName: 'Vault',
        now: () => now ?? Date.now() / 1000,
        client: clientConfig(engine),
      });
      opened.push(control);
      return control;
    }) as [AwsCaptureControl, AwsCaptureControl];
    return {
      control: {
        health: (since, bucket) => all.health(since, bucket),
        deadLetters: (since) => all.deadLetters(since),
        ensureRules: (buckets) => own.ensureRules(buckets),
      },
      send: async (to, messages) => {
        const { url } = to === 'queue' ? queue : deadLetters;
        for (let n = 0; n < messages; n++) {
          await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: String(n) }));
        }
      },
      rules: async () => {
        const { Rules = [] } = await events.send(new ListRulesCommand({ NamePrefix: rulePrefix }));
        const found: Record<string, readonly string[]> = {};
        for (const { Name = '', State, EventPattern = '' } of Rules) {
          if (State !== 'ENABLED' || !(await sendsTo(Name, queue.arn))) continue;
          const { detail } = JSON.parse(EventPattern) as ReturnType<typeof capturePattern>;
          found[Name] = detail.bucket.name as string[];
        }
        return found;
      },
      disable: async (Name) => {
        await events.send(new DisableRuleCommand({ Name }));
      },
      lose: async (Rule, what) => {
        await events.send(new RemoveTargetsCommand({ Rule, Ids: ['Queue'] }));
        if (what === 'rule') await events.send(new DeleteRuleCommand({ Name: Rule }));
      },
      at: (seconds) => {
        now = seconds;
      },
      disableDeployed: async (how) => {
        const Command = how === 'disabled' ? DisableRuleCommand : DeleteRuleCommand;
        await events.send(new Command({ Name: deployed }));
      },
    };
  };
}
