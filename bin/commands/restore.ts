import { type Command, Option } from 'commander';
import { ErrorName } from '../../lambda/contract/errors';
import { ENCRYPTION_TYPES, ON_EXISTING, restoreDefaults, type RestoreInput } from '../../lambda/core/restore/schema';
import type { RestoreOutput } from '../../lambda/usecases/restore/finish';
import { choice, collect, countOrAll, upperCase } from '../input/options';
import { checkRestoreInput, restoreInput, RestoreOptions } from '../input/restore';
import { CliError, Exit, usageError } from '../output/errors';
import type { VaultNames } from '../vault/clients';
import { type Context, result, type Run, say, vaultOf } from '../vault/context';
import { follow } from '../vault/follow';
import { PLAN_PHASES, RESTORE_PHASES } from '../vault/phases';
import { outcomeText, planText, question } from './restore-text';

const EXAMPLES = `
Items:
  An item that ends in "/" is a prefix; any other item is a key. --prefix and --key set this explicitly.
  A file has one item per line. An item with unusual characters must be JSON text.
  Without items, the whole bucket is restored.

Examples:
  $ s3-backup --vault MyStack restore my-bucket --dry-run
  $ s3-backup --vault MyStack restore my-bucket --to my-bucket-restored --create-bucket
  $ s3-backup --vault MyStack restore my-bucket photos/2026/ 'docs/a b.txt' --on-existing overwrite
  $ s3-backup --vault MyStack restore my-bucket --at 2026-11-22T10:15:00Z docs/ --to elsewhere
  $ s3-backup --vault MyStack restore my-bucket --at 2026-11-22T10:15:00Z --rollback
  $ s3-backup --vault MyStack restore my-bucket --undo 20261122T111500Z-0123456789ab
  $ s3-backup --vault MyStack restore my-bucket --recovery-point 12 --versions all --to elsewhere --yes --json

The command begins with a dry run and shows the plan. Nothing is written before you confirm.
The restore runs in AWS and continues if this command ends.`;

export function addRestore(program: Command, run: Run): void {
  const byDefault = restoreDefaults();
  program
    .command('restore')
    .summary('restore a bucket, prefixes or keys')
    .description(
      'Restores a bucket, prefixes or keys from a recovery point or an instant. Shows the plan, asks for confirmation, and restores.',
    )
    .argument('<source-bucket>', 'the bucket that was backed up')
    .argument('[items...]', 'prefixes (ending in "/") and keys to restore')
    .option('--recovery-point <id>', `recovery point, by ID or number (default: the ${byDefault.recoveryPointId})`)
    .option('--at <instant>', 'any second of continuous backup: 2026-11-22T10:15:00Z, or with an offset such as +02:00')
    .addOption(new Option('--point-in-time <instant>', 'same as --at').conflicts('at'))
    .option('--rollback', 'return the bucket to its state at that time; newer objects get a delete marker')
    .option('--remove-markers', 'with --rollback: permanently remove delete markers where that brings an object back')
    .option('--undo <job>', 'undo the rollback of that job: restore what was current before it')
    .option('--item <item>', 'same as an item argument (repeatable)', collect)
    .option('--prefix <prefix>', 'restore keys with this prefix (repeatable)', collect)
    .option('--key <key>', 'restore this key (repeatable)', collect)
    .option('--items-file <s3-uri>', 'file in S3 with up to a million items')
    .option('--items-from <file>', 'local file with items, up to 250 KB')
    .option('--to <bucket>', 'destination bucket (default: the source bucket)')
    .option('--create-bucket', 'create the destination bucket')
    .option('--destination-prefix <prefix>', 'prefix to add to each restored key')
    .addOption(
      choice(
        '--on-existing <what>',
        'action for objects that exist at the destination',
        ON_EXISTING,
        byDefault.onExisting,
      ),
    )
    .option(
      '--versions <n|all>',
      `number of newest versions to restore per key, or "all" (default: ${byDefault.versions})`,
      countOrAll,
    )
    .option('--no-tags', 'restore without tags')
    .option('--acls', 'require ACLs: fail if the destination has ACLs disabled')
    .option('--no-acls', 'restore without ACLs')
    .option(
      '--storage-class <class>',
      `storage class of restored objects, or ORIGINAL (default: ${byDefault.storageClass})`,
      upperCase,
    )
    .addOption(
      choice('--encryption <type>', 'encryption of restored objects', ENCRYPTION_TYPES, byDefault.encryption.type),
    )
    .option('--kms-key-id <id>', 'KMS key for SSE_KMS')
    .option('--dry-run', 'show the plan and stop')
    .option('-y, --yes', 'restore without confirmation')
    .option('--no-wait', 'start the restore and do not wait until it ends')
    .addHelpText('after', EXAMPLES)
    .action((bucket: string, items: string[], options: RestoreOptions) =>
      run((context) => restore(context, bucket, items, options)),
    );
}

async function restore(context: Context, bucket: string, items: string[], options: RestoreOptions): Promise<number> {
  const { io } = context;
  const dryRun = options.dryRun ?? false;
  const sure = options.yes ?? false;
  if (!dryRun && !sure && !io.interactive)
    throw usageError(
      'stdin or stderr is not a terminal, so the plan cannot be confirmed: add --yes to restore, or --dry-run to see the plan',
    );
  const input = await restoreInput(io, bucket, items, options);
  const vault = await vaultOf(context);
  checkRestoreInput(input, vault);

  const { plan, executionArn } = await makePlan(context, vault, input);
  if (dryRun) {
    result(context, { ...plan, executionArn }, () => planText(input, plan));
    return exitCode(plan);
  }
  say(context, planText(input, plan));
  refuseConflicts(plan, executionArn);
  if (!sure) {
    const { versions, markers } = plan.planned;
    if (versions + markers === 0 && !input.createBucket) {
      io.err('There is nothing to restore.');
      if (context.json) result(context, { ...plan, executionArn }, () => '');
      return exitCode(plan);
    }
    if (!(await io.confirm(question(input, plan))))
      throw new CliError('Cancelled', 'nothing was restored', Exit.failed, { status: 'CANCELLED' });
  }
  // What was shown is restored, even if a backup makes a newer recovery point meanwhile.
  const isPinned = input.pointInTime !== undefined || input.undo !== undefined;
  const pinned = isPinned ? input : { ...input, recoveryPointId: plan.recoveryPointId };
  return carryOut(context, vault, pinned, options.wait);
}

async function makePlan(
  context: Context,
  vault: VaultNames,
  input: RestoreInput,
): Promise<{ plan: RestoreOutput; executionArn: string }> {
  const dryRun = { ...input, dryRun: true };
  const { executionArn } = await context.clients.executions.start(vault.restoreStateMachineArn, dryRun);
  const bucket = input.sourceBucket;
  const what = { what: 'the dry run', title: 'Planning restore of', phases: PLAN_PHASES };
  return { plan: (await follow(context, { executionArn, bucket, ...what })) as RestoreOutput, executionArn };
}

/** The workflow would refuse the same: this spares an execution that is known to fail. */
function refuseConflicts({ planned, destinationBucket, report }: RestoreOutput, executionArn: string): void {
  if (planned.conflicts === 0) return;
  throw new CliError(
    ErrorName.destinationConflict,
    `${planned.conflicts} of the objects exist in bucket "${destinationBucket}" and --on-existing is fail, so nothing was written: see the report ${report}`,
    Exit.failed,
    { executionArn },
  );
}

async function carryOut(context: Context, vault: VaultNames, input: RestoreInput, wait: boolean): Promise<number> {
  const bucket = input.sourceBucket;
  const { executionArn } = await context.clients.executions.start(vault.restoreStateMachineArn, input);
  if (!wait) {
    result(context, { status: 'RUNNING', executionArn }, () => `Restore of ${bucket} started: ${executionArn}`);
    return Exit.done;
  }
  const what = { what: 'the restore', title: 'Restoring', phases: RESTORE_PHASES };
  const output = (await follow(context, { executionArn, bucket, ...what })) as RestoreOutput;
  result(context, { ...output, executionArn }, () => outcomeText(input, output));
  return exitCode(output);
}

const exitCode = ({ status }: RestoreOutput): number => (status === 'PARTIAL' ? Exit.partial : Exit.done);
