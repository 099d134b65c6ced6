/**
 * The example: one protected bucket, a vault, and a plan with the daily rule.
 *
 * Context (`-c name=value`):
 * - `sourceBucket`: name of the protected bucket; the stack makes it (default: with a name made by CloudFormation);
 * - `importSource`: `true` if that bucket exists already;
 * - `stackName`: default `S3BackupExample`;
 * - `continuous`: `false` for periodic backups only (default: continuous backup as well);
 * - `environment`: JSON object of environment variables for all functions, for tests that need small units.
 */
import { App, type AppProps, Aspects, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as s3 from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from '../lib';

export class ExampleStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id, { stackName: context(scope, 'stackName') });
    const source = this.sourceBucket();
    const vault = new BackupVault(this, 'Vault', { removalPolicy: RemovalPolicy.DESTROY });
    const plan = BackupPlan.daily35DayRetention(this, 'Plan', vault);
    if (context(this, 'continuous') !== 'false') {
      plan.addRule(BackupPlanRule.continuous());
    }
    plan.addSelection('Buckets', { resources: [BackupResource.fromBucket(source)] });

    const outputs = {
      SourceBucketName: source.bucketName,
      VaultBucketName: vault.vaultBucket.bucketName,
      ScratchBucketName: vault.scratchBucket.bucketName,
      CatalogTableName: vault.catalogTable.tableName,
      ChangeLogTableName: vault.changeLogTable.tableName,
      BackupStateMachineArn: vault.backupWorkflow.stateMachine.stateMachineArn,
      RestoreStateMachineArn: vault.restoreWorkflow.stateMachine.stateMachineArn,
      UpkeepStateMachineArn: vault.upkeepWorkflow.stateMachine.stateMachineArn,
      CaptureQueueUrl: vault.captureQueue.queueUrl,
      CaptureDeadLetterQueueUrl: vault.captureDeadLetterQueue.queueUrl,
    };
    for (const [name, value] of Object.entries(outputs)) {
      new CfnOutput(this, name, { value });
    }
    overrideEnvironment(vault, JSON.parse(context(this, 'environment') ?? '{}') as Record<string, string>);
  }

  private sourceBucket(): s3.IBucket {
    const bucketName = context(this, 'sourceBucket');
    if (context(this, 'importSource') === 'true') {
      if (bucketName === undefined) {
        throw new Error('importSource=true needs the name of the bucket, got none; add -c sourceBucket=…');
      }
      return s3.Bucket.fromBucketName(this, 'Source', bucketName);
    }
    const bucket = new s3.Bucket(this, 'Source', {
      bucketName,
      versioned: true,
      enforceSSL: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL,
      // With ACLs, to show that a restore brings them back.
      objectOwnership: s3.ObjectOwnership.BUCKET_OWNER_PREFERRED,
      lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(90) }],
      removalPolicy: RemovalPolicy.DESTROY,
    });
    Validations.of(bucket).acknowledge({ id: 'AwsSolutions-S1', reason: 'a bucket with nothing but examples' });
    return bucket;
  }
}

/** Environment variables for all functions of a vault. For tests only: no prop of the library does this. */
export function overrideEnvironment(vault: BackupVault, variables: Readonly<Record<string, string>>): void {
  Aspects.of(vault).add({
    visit: (node) => {
      if (!(node instanceof lambda.Function)) return;
      for (const [name, value] of Object.entries(variables)) node.addEnvironment(name, value);
    },
  });
}

const context = (scope: Construct, name: string): string | undefined =>
  (scope.node.tryGetContext(name) as string | undefined) ?? undefined;

/** The app, for the CDK CLI and for `npm run synth`. */
export function exampleApp(props?: AppProps): App {
  const app = new App(props);
  new ExampleStack(app, 'S3BackupExample');
  return app;
}

if (require.main === module) {
  exampleApp().synth();
}
