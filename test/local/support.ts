import { CloudFormationClient, CreateStackCommand, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  type DescribeExecutionCommandOutput,
} from '@aws-sdk/client-sfn';
import { clientConfig, type Endpoint } from '../../local/service/aws-env';
import { eventually } from '../../local/service/process-group';

const stackLimitMs = 10 * 60_000;
const executionLimitMs = 10 * 60_000;
/** The first start may have to install the engine. */
export const engineStartLimitMs = 10 * 60_000;

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Resources = Record<string, { Type: string; Properties?: Json; DependsOn?: Json }>;

/** Deploys a template straight through the API and returns its outputs. */
export async function deployTemplate(
  engine: Endpoint,
  name: string,
  resources: Resources,
  outputs: Record<string, Json> = {},
): Promise<Record<string, string>> {
  const client = new CloudFormationClient(clientConfig(engine));
  const template = {
    Resources: resources,
    Outputs: Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, { Value: value }])),
  };
  await client.send(
    new CreateStackCommand({
      StackName: name,
      TemplateBody: JSON.stringify(template),
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
    }),
  );
  const describe = async () => (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  await eventually(async () => !(await describe())?.StackStatus?.endsWith('_IN_PROGRESS'), stackLimitMs);
  const stack = await describe();
  if (stack?.StackStatus !== 'CREATE_COMPLETE') {
    throw new Error(`stack ${name}: ${String(stack?.StackStatus)} ${stack?.StackStatusReason ?? ''}`);
  }
  return Object.fromEntries((stack.Outputs ?? []).map((o) => [o.OutputKey ?? '', o.OutputValue ?? '']));
}

/** A role that Lambda and Step Functions may take, with the given inline statements. */
export function role(statements: Json[]): Resources[string] {
  return {
    Type: 'AWS::IAM::Role',
    Properties: {
      AssumeRolePolicyDocument: {
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: ['lambda.amazonaws.com', 'states.amazonaws.com', 'scheduler.amazonaws.com'] },
            Action: 'sts:AssumeRole',
          },
        ],
      },
      Policies: [{ PolicyName: 'inline', PolicyDocument: { Version: '2012-10-17', Statement: statements } }],
    },
  };
}

export function nodeFunction(code: string, roleId: string, properties: Record<string, Json> = {}): Resources[string] {
  return {
    Type: 'AWS::Lambda::Function',
    Properties: {
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: 10,
      Role: { 'Fn::GetAtt': [roleId, 'Arn'] },
      Code: { ZipFile: code },
      ...properties,
    },
  };
}

export const allow = (action: Json, resource: Json = '*'): Json => ({
  Effect: 'Allow',
  Action: action,
  Resource: resource,
});

/** Runs an execution to its end. */
export async function execute(
  engine: Endpoint,
  stateMachineArn: string,
  input: Json,
): Promise<DescribeExecutionCommandOutput> {
  const client = new SFNClient(clientConfig(engine));
  const { executionArn } = await client.send(
    new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) }),
  );
  const describe = () => client.send(new DescribeExecutionCommand({ executionArn }));
  await eventually(async () => (await describe()).status !== 'RUNNING', executionLimitMs);
  return describe();
}
