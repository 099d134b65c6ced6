import { Match } from 'aws-cdk-lib/assertions';
import { vaultTemplate } from './support/synth';

const template = vaultTemplate();
const queue = { 'Fn::GetAtt': [Match.stringLikeRegexp('^VaultJobEndedDeadLetterQueue'), 'Arn'] };

describe('executions that end without a word of their own', () => {
  test('of the state machines of the vault, and no others, are told to a function', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.states'],
        'detail-type': ['Step Functions Execution Status Change'],
        detail: {
          status: ['ABORTED', 'TIMED_OUT', 'FAILED'],
          stateMachineArn: [
            { Ref: Match.stringLikeRegexp('^VaultBackupStateMachine') },
            { Ref: Match.stringLikeRegexp('^VaultRestoreStateMachine') },
            { Ref: Match.stringLikeRegexp('^VaultUpkeepStateMachine') },
          ],
        },
      },
      State: 'ENABLED',
      Targets: [
        Match.objectLike({
          Arn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^VaultJobEndedHandler'), 'Arn'] },
          DeadLetterConfig: { Arn: queue },
        }),
      ],
    });
  });

  test('end in a queue when the function fails, or cannot be called', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Description: 'Ends the record of a job whose execution was stopped, timed out or failed',
      DeadLetterConfig: { TargetArn: queue },
    });
    template.hasResourceProperties('AWS::SQS::QueuePolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Action: 'sqs:SendMessage', Principal: { Service: 'events.amazonaws.com' } }),
        ]),
      },
    });
  });
});
