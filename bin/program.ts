import { Command, Option } from 'commander';
import { version } from '../package.json';
import { addBackup } from './commands/backup';
import { addCat } from './commands/cat';
import { addDiff } from './commands/diff';
import { addJobs } from './commands/jobs';
import { addLs } from './commands/ls';
import { addRecoveryPoints } from './commands/recovery-points';
import { addRestore } from './commands/restore';
import { addVersions } from './commands/versions';
import { Exit, reportError, usageError } from './output/errors';
import type { Io } from './output/io';
import type { Clients } from './vault/clients';
import type { Work } from './vault/context';

interface GlobalOptions {
  readonly vault?: string;
  readonly json?: boolean;
}

const NOTES = `
Examples:
  $ export S3_BACKUP_VAULT=MyStack
  $ s3-backup backup my-bucket
  $ s3-backup recovery-points my-bucket
  $ s3-backup ls my-bucket photos/ --at 2026-11-22T10:15:00Z
  $ s3-backup restore my-bucket photos/ --dry-run

The Region and the credentials come from the usual AWS variables and profiles.

Exit codes:
  0    done
  1    failed
  2    wrong usage
  3    partly done; the report lists the rest
  130  interrupted; a started job continues
  141  the reader of stdout closed it`;

/** Runs one command line and answers the exit code. */
export async function runCli(args: readonly string[], io: Io, clients: Clients): Promise<number> {
  let exitCode: number = Exit.done;
  const program = makeProgram(args, io, async (work) => {
    const { vault, json = false } = program.opts<GlobalOptions>();
    if (!vault)
      throw usageError(
        '--vault is missing: set it, or S3_BACKUP_VAULT, to the name of the stack or of the vault bucket',
      );
    exitCode = await work({ io, clients, json, vaultName: vault });
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Options may not have been parsed when parsing them failed.
    return reportError(error, io, args.includes('--json'));
  }
}

function makeProgram(args: readonly string[], io: Io, run: (work: Work) => Promise<void>): Command {
  const program = new Command('s3-backup')
    .description('Backs up S3 buckets to a vault of cdk-s3-backup, shows their content at any time, and restores it.')
    .addOption(new Option('--vault <name>', 'name of the stack or of the vault bucket').env('S3_BACKUP_VAULT'))
    .option('--json', 'write one JSON document to stdout, everything else to stderr')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text.trimEnd()), writeErr: (text) => io.err(text.trimEnd()) })
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(add --help for options and examples)')
    .addHelpText('after', NOTES);
  // Global options may stand behind the command too, where `--version` is a slip for `--versions`.
  if (args.length <= 1) program.version(version, '-V, --version', 'show the version');
  const commands = [addBackup, addRestore, addJobs, addRecoveryPoints, addLs, addVersions, addCat, addDiff];
  for (const add of commands) add(program, run);
  return program;
}
