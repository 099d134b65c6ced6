import { Duration } from 'aws-cdk-lib';
import * as sqs from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from '../nag';

/** The longest that Amazon SQS keeps a message: time to see the alarm, fix the cause, and redrive. */
export const MESSAGES_KEPT = Duration.days(14);

/** A queue for messages whose retries are used up. `of` names their sources. */
export function deadLetterQueue(
  scope: Construct,
  of: string,
  encryption: sqs.QueueProps = { encryption: sqs.QueueEncryption.SQS_MANAGED },
): sqs.Queue {
  const queue = new sqs.Queue(scope, 'DeadLetterQueue', {
    ...encryption,
    enforceSSL: true,
    retentionPeriod: MESSAGES_KEPT,
  });
  acknowledge(queue, 'AwsSolutions-SQS3', `this is the dead-letter queue, of ${of}`);
  return queue;
}
