import type { Template } from 'aws-cdk-lib/assertions';
import { logicalId, resources } from './synth';

export interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly End?: boolean;
  readonly Choices?: readonly any[];
  readonly Retry?: readonly any[];
  readonly Catch?: readonly any[];
  readonly Parameters?: any;
  readonly ItemProcessor?: Definition;
  readonly [field: string]: any;
}
export interface Definition {
  readonly StartAt: string;
  readonly Comment?: string;
  readonly States: Readonly<Record<string, State>>;
}

/** A state machine's definition; references in it are texts that look like ARNs, with the logical ID in them. */
export function definitionOf(template: Template, prefix: string): Definition {
  const machine = resources(template)[logicalId(template, 'AWS::StepFunctions::StateMachine', prefix)]!;
  const text = (machine.Properties['DefinitionString']['Fn::Join'][1] as any[])
    .map((part) => (typeof part === 'string' ? part : standIn(part)))
    .join('');
  return JSON.parse(text) as Definition;
}

function standIn(reference: any): string {
  if (reference['Fn::GetAtt']) return `arn:aws:lambda:us-east-1:111122223333:function:${reference['Fn::GetAtt'][0]}`;
  return reference.Ref === 'AWS::Partition' ? 'aws' : reference.Ref;
}

/** All states, those of maps' children too. */
export function allStates(definition: Definition): [string, State][] {
  return Object.entries(definition.States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor ? allStates(state.ItemProcessor) : []),
  ]);
}
