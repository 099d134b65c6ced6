import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { BucketReader } from '../buckets/reader';
import type { SampleBucket } from '../buckets/sample';
import { type StackOutputs } from '../deploy';
import { reportInventory, type BucketReport } from '../inventory';
import { clientConfig } from '../service/aws-env';
import type { Engine } from '../service/engine';
import { Workflow } from '../stack/executions';
import { listFiles, newFiles } from '../stack/vault-files';
import type { BackupJob, RestoreJob, UpkeepJob } from './outputs';
import type { Bill } from './prices';

/** A deployed example with its workflows, and the bills of their jobs. */
export class DemoWorld {
  readonly reader: BucketReader;
  readonly bills: Bill[] = [];
  private readonly backups: Workflow<BackupJob>;
  private readonly restores: Workflow<RestoreJob>;
  private readonly upkeeps: Workflow<UpkeepJob>;
  private readonly tables: DynamoDBClient;

  constructor(
    readonly engine: Engine,
    readonly outputs: StackOutputs,
    readonly source: SampleBucket,
    /** Deploys the app again, now with the continuous rule. */
    readonly makeContinuous: () => Promise<unknown>,
  ) {
    this.reader = new BucketReader(engine);
    this.backups = new Workflow(engine, this.output('BackupStateMachineArn'));
    this.restores = new Workflow(engine, this.output('RestoreStateMachineArn'));
    this.tables = new DynamoDBClient(clientConfig(engine));
    this.upkeeps = new Workflow(engine, this.output('UpkeepStateMachineArn'));
  }

  backUp(job: string, more: object = {}): Promise<BackupJob & { vaultBytes: number; vaultFiles: number }> {
    const point = { deleteAfterDays: 35, recoveryPointTags: { madeBy: 'demo' } };
    const input = { bucket: this.source.name, source: 'listing', ...point, ...more };
    return this.billed(job, this.backups, input);
  }

  /** Delivers an inventory report as S3 does once a day, which the engine has no schedule for. */
  reportInventory(startedAt: number): Promise<BucketReport> {
    return reportInventory(this.engine, this.source.name, { format: 'Parquet', startedAt });
  }

  restore(job: string, input: object): Promise<RestoreJob> {
    return this.billed(job, this.restores, { sourceBucket: this.source.name, ...input });
  }

  upkeep(job: string, input: object): Promise<UpkeepJob> {
    return this.billed(job, this.upkeeps, { bucket: this.source.name, ...input });
  }

  /** Changes that are in the change log: their bodies are in the vault. */
  async changesLogged(): Promise<number> {
    const { Count = 0 } = await this.tables.send(
      new ScanCommand({ TableName: this.output('ChangeLogTableName'), Select: 'COUNT', ConsistentRead: true }),
    );
    return Count;
  }

  destroy(): void {
    for (const client of [this.reader, this.backups, this.restores, this.upkeeps, this.tables]) client.destroy();
  }

  private async billed<Job extends BackupJob | RestoreJob | UpkeepJob>(
    job: string,
    workflow: Workflow<Job>,
    input: unknown,
  ) {
    const vault = this.output('VaultBucketName');
    const list = () => listFiles(this.engine, [vault, this.output('ScratchBucketName')]);
    const before = await list();
    const output = await workflow.succeed(input);
    const after = await list();
    const files = newFiles(before, after);
    const inVault = files.filter((name) => name.startsWith(`${vault}/`));
    const transitions = await workflow.transitions(output.executionArn);
    this.bills.push({ job, requests: output.requests, files: files.length, transitions });
    return {
      ...output,
      vaultFiles: inVault.length,
      vaultBytes: inVault.reduce((sum, name) => sum + (after.get(name) ?? 0), 0),
    };
  }

  private output(name: string): string {
    const value = this.outputs[name];
    if (value === undefined) throw new Error(`the stack has no output ${name}`);
    return value;
  }
}
