import type { Command } from 'commander';
import { parseBackupRequest } from '../../lambda/core/backup/request';
import { estimateCost } from '../../lambda/core/values/cost';
import type { BackupOutput } from '../../lambda/usecases/backup/commit';
import { checkRequest, choice, collectTag, wholeNumber } from '../input/options';
import { Exit } from '../output/errors';
import { bytes, facts, number, plural, requests } from '../output/format';
import { skippedRows } from '../output/reasons';
import { type Context, result, type Run, vaultOf } from '../vault/context';
import { follow } from '../vault/follow';
import { BACKUP_PHASES } from '../vault/phases';

interface BackupOptions {
  readonly source?: string;
  readonly versions?: string;
  readonly metadata?: string;
  readonly deleteAfterDays?: number;
  readonly tag?: Readonly<Record<string, string>>;
  readonly wait: boolean;
}

const EXAMPLES = `
Examples:
  $ s3-backup --vault MyStack backup my-bucket
  $ s3-backup --vault MyStack backup my-bucket --delete-after-days 35 --tag reason=release --no-wait
  $ s3-backup --vault MyStack backup my-bucket --json | jq -r .recoveryPointId

A backup plan of the vault's stack must select the bucket.
The backup runs in AWS and continues if this command ends.`;

const FIELD_OPTIONS = {
  recoveryPointTags: '--tag',
  deleteAfterDays: '--delete-after-days',
  versions: '--versions',
  metadata: '--metadata',
  source: '--source',
};

export function addBackup(program: Command, run: Run): void {
  program
    .command('backup')
    .summary('create a recovery point of a bucket')
    .description('Creates a recovery point of a bucket: starts a job, waits until it ends, and shows the result.')
    .argument('<bucket>', 'the bucket to back up')
    .addOption(
      choice('--source <source>', 'source of the list of versions; auto lists the bucket, the others may be older', [
        'auto',
        'listing',
        'inventory',
        'changes',
      ]),
    )
    .addOption(choice('--versions <which>', 'versions that the recovery point holds', ['ALL', 'CURRENT']))
    .addOption(
      choice('--metadata <how>', 'tags and ACLs to read; EVENTS reads new and changed ones, FULL reads all again', [
        'EVENTS',
        'FULL',
      ]),
    )
    .option('--delete-after-days <days>', 'days until the recovery point expires (default: never)', wholeNumber)
    .option('--tag <name=value>', 'tag of the recovery point (repeatable)', collectTag)
    .option('--no-wait', 'start the job and do not wait until it ends')
    .addHelpText('after', EXAMPLES)
    .action((bucket: string, options: BackupOptions) => run((context) => backup(context, bucket, options)));
}

async function backup(context: Context, bucket: string, options: BackupOptions): Promise<number> {
  const { io, clients, vaultName } = context;
  const vault = await vaultOf(context);
  const { source, versions, metadata, deleteAfterDays, tag } = options;
  const input = { bucket, source, versions, metadata, deleteAfterDays, recoveryPointTags: tag };
  checkRequest(FIELD_OPTIONS, () => parseBackupRequest(input, { buckets: [vault.vaultBucket, vault.scratchBucket] }));
  const { executionArn } = await clients.executions.start(vault.backupStateMachineArn, input);
  if (!options.wait) {
    result(context, { status: 'RUNNING', executionArn }, () => `Backup of ${bucket} started: ${executionArn}`);
    if (!context.json) io.err(`See its state with: s3-backup --vault ${vaultName} jobs ${bucket}`);
    return Exit.done;
  }
  const what = { what: 'the backup', title: 'Backing up', phases: BACKUP_PHASES };
  const output = (await follow(context, { executionArn, bucket, ...what })) as BackupOutput;
  const document = { ...output, estimatedCost: estimateCost(output.requests), executionArn };
  result(context, document, () => outcome(bucket, output));
  return output.status === 'PARTIAL' ? Exit.partial : Exit.done;
}

/** What the recovery point has of what was written before the job. */
function shows({ source, asOf }: BackupOutput): string {
  if (source === 'changes') return `captured changes up to ${asOf}; what was written later is not in it`;
  if (source === 'inventory')
    return `an inventory report of ${asOf}; what was written later, or shortly before, may not be in it`;
  return `all that was written before ${asOf}`;
}

function outcome(bucket: string, output: BackupOutput): string {
  const rows: [string, string][] = [
    ['recovery point', `${output.recoveryPointId} (as of ${output.asOf})`],
    ['shows', shows(output)],
    ['bucket', `${plural(output.objects, 'object')}, ${plural(output.versions, 'version')}, ${bytes(output.bytes)}`],
    [
      'versions',
      `${number(output.stored)} stored, ${number(output.reused)} already stored, ${number(output.removed)} no longer in the bucket`,
    ],
    ...skippedRows(output.skipped),
    ['requests', requests(output.requests)],
    ['report', output.report],
    ['job', output.jobId],
  ];
  return `Backup of ${bucket}: ${output.status}\n${facts(rows)}`;
}
