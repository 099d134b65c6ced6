import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeExecutionCommand,
  DescribeMapRunCommand,
  GetExecutionHistoryCommand,
  ListMapRunsCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { DynamoCatalog } from '../../lambda/adapters/aws/dynamodb/dynamo-catalog';
import { DynamoChangeLog } from '../../lambda/adapters/aws/dynamodb/dynamo-change-log';
import { AwsObjectStore } from '../../lambda/adapters/aws/s3/aws-object-store';
import type { Clients, ExecutionClient, ExecutionProgress, VaultDirectory } from './clients';

/** Settings for all clients. What is left out the SDK finds in the usual variables, profiles and roles. */
export interface AwsSettings {
  readonly region?: string;
  readonly endpoint?: string;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function awsClients(settings: AwsSettings): Clients {
  return {
    directory: awsDirectory(settings),
    executions: awsExecutions(new SFNClient(settings)),
    catalog: (tableName) => new DynamoCatalog({ tableName, client: settings }),
    changeLog: (tableName) => new DynamoChangeLog({ tableName, client: settings }),
    store: () => new AwsObjectStore({ client: settings }),
  };
}

function awsDirectory(settings: AwsSettings): VaultDirectory {
  const ssm = new SSMClient(settings);
  const stacks = new CloudFormationClient(settings);
  return {
    region: () => ssm.config.region(),
    parameter: async (name) => {
      try {
        const { Parameter } = await ssm.send(new GetParameterCommand({ Name: name }));
        return Parameter?.Value;
      } catch (error) {
        if (error instanceof ParameterNotFound) return undefined;
        throw error;
      }
    },
    stackOutputs: async (StackName) => {
      try {
        const { Stacks: [stack] = [] } = await stacks.send(new DescribeStacksCommand({ StackName }));
        return stack && Object.fromEntries(stack.Outputs?.map((o) => [o.OutputKey ?? '', o.OutputValue ?? '']) ?? []);
      } catch (error) {
        // How CloudFormation says that a stack does not exist.
        if (error instanceof Error && error.name === 'ValidationError') return undefined;
        throw error;
      }
    },
    stackParameters: async (StackName) => {
      const names: string[] = [];
      for await (const page of paginateListStackResources({ client: stacks }, { StackName })) {
        for (const resource of page.StackResourceSummaries ?? []) {
          if (resource.ResourceType === 'AWS::SSM::Parameter') names.push(resource.PhysicalResourceId ?? '');
        }
      }
      return names;
    },
  };
}

function awsExecutions(client: SFNClient): ExecutionClient {
  return {
    start: async (stateMachineArn, input) => {
      const command = new StartExecutionCommand({ stateMachineArn, input: JSON.stringify(input) });
      const { executionArn = '' } = await client.send(command);
      return { executionArn };
    },
    describe: async (executionArn) => {
      const {
        status = 'RUNNING',
        output,
        error,
        cause,
      } = await client.send(new DescribeExecutionCommand({ executionArn }));
      return { status, output, error, cause };
    },
    progress: (executionArn) => progress(client, executionArn),
  };
}

/** Between two states there are few events: the state entered last is among the newest. */
const NEWEST_EVENTS = 50;

async function progress(client: SFNClient, executionArn: string): Promise<ExecutionProgress> {
  const { events = [] } = await client.send(
    new GetExecutionHistoryCommand({
      executionArn,
      reverseOrder: true,
      maxResults: NEWEST_EVENTS,
      includeExecutionData: false,
    }),
  );
  const entered = events.find((event) => event.stateEnteredEventDetails);
  const state = entered?.stateEnteredEventDetails?.name;
  if (entered?.type !== 'MapStateEntered') return { state };
  // Who may see the execution but not its map runs sees no counts.
  return { state, units: await unitsOf(client, executionArn).catch(() => undefined) };
}

async function unitsOf(client: SFNClient, executionArn: string): Promise<ExecutionProgress['units']> {
  const { mapRuns = [] } = await client.send(new ListMapRunsCommand({ executionArn }));
  const running = mapRuns.find((run) => run.stopDate === undefined);
  if (!running) return undefined;
  const { itemCounts } = await client.send(new DescribeMapRunCommand({ mapRunArn: running.mapRunArn }));
  return itemCounts && { done: itemCounts.succeeded ?? 0, total: itemCounts.total ?? 0 };
}
