import { App, CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as events from 'aws-cdk-lib/aws-events';
import { SfnStateMachine } from 'aws-cdk-lib/aws-events-targets';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import * as sfn from 'aws-cdk-lib/aws-stepfunctions';
import type { Construct } from 'constructs';
import { ExampleStack, overrideEnvironment } from '../../bin/example-app';
import { EVENT_SOURCE } from '../../lambda/contract/events';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from '../../lib';
import { Bucket, selectedBuckets } from './buckets';

/** What the end-to-end tests deploy: a vault for many buckets, and the example app with small units beside it. */
class E2eStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const vault = new BackupVault(this, 'Vault', { removalPolicy: RemovalPolicy.DESTROY, allowMarkerRemoval: true });
    // The engine sends events at once.
    overrideEnvironment(vault, { CAPTURE_START_SECONDS: '1' });
    const plan = BackupPlan.daily35DayRetention(this, 'Plan', vault);
    plan.addSelection('Buckets', { resources: selectedBuckets.map(resource) });

    const nightly = new BackupPlan(this, 'Nightly', { backupVault: vault, backupPlanName: 'nightly' });
    nightly.addRule(BackupPlanRule.daily());
    nightly.addSelection('Scheduled', { resources: Bucket.scheduled.map(resource) });
    this.fireNow(nightly);

    const outputs = {
      VaultBucket: vault.vaultBucket.bucketName,
      ScratchBucket: vault.scratchBucket.bucketName,
      CatalogTable: vault.catalogTable.tableName,
      Backup: vault.backupWorkflow.stateMachine.stateMachineArn,
      Restore: vault.restoreWorkflow.stateMachine.stateMachineArn,
      Upkeep: vault.upkeepWorkflow.stateMachine.stateMachineArn,
      EventRecorder: this.eventRecorder().stateMachineArn,
    };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, `E2e${name}`, { value });
  }

  /** The plan's own schedule once more, but due at once: nobody waits for five o'clock. */
  private fireNow(plan: BackupPlan): void {
    const original = plan.node.findAll().find((node) => node instanceof CfnSchedule);
    if (!original) throw new Error('the plan has no schedule');
    new CfnSchedule(this, 'Now', {
      flexibleTimeWindow: { mode: 'OFF' },
      scheduleExpression: `at(${new Date().toISOString().slice(0, 19)})`,
      target: original.target,
    });
  }

  /** Does nothing: the inputs of its executions are the events that were delivered. */
  private eventRecorder(): sfn.StateMachine {
    const recorder = new sfn.StateMachine(this, 'EventRecorder', {
      definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(this, 'Record')),
    });
    new events.Rule(this, 'Events', {
      eventPattern: { source: [EVENT_SOURCE] },
      targets: [new SfnStateMachine(recorder)],
    });
    return recorder;
  }
}

/** The tests start upkeep jobs themselves: one that is due in the middle of them would change what they see. */
function neverHourly(stack: Stack): void {
  for (const node of stack.node.findAll()) {
    if (node instanceof CfnSchedule) node.addPropertyOverride('ScheduleExpression', 'cron(0 0 1 1 ? 2099)');
  }
}

const resource = (name: string): BackupResource => BackupResource.fromArn(`arn:aws:s3:::${name}`);

const app = new App();
new E2eStack(app, 'E2e');
neverHourly(new ExampleStack(app, 'E2eSmall'));
app.synth();
