import type { Command } from 'commander';
import type { JobRecord, JobType } from '../../lambda/ports/catalog';
import { oneOf, wholeNumber } from '../input/options';
import { Exit } from '../output/errors';
import { Column, duration, table } from '../output/format';
import { type Context, result, type Run, vaultOf } from '../vault/context';

interface JobsOptions {
  readonly type?: string;
  readonly limit: number;
}

const EXAMPLES = `
Examples:
  $ s3-backup --vault MyStack jobs
  $ s3-backup --vault MyStack jobs my-bucket --type restore --limit 5
  $ s3-backup --vault MyStack jobs --type upkeep
  $ s3-backup --vault MyStack jobs --json | jq '.[] | select(.state == "FAILED") | .statusMessage'`;

export function addJobs(program: Command, run: Run): void {
  program
    .command('jobs')
    .summary('list backup, restore and upkeep jobs')
    .description('Lists jobs of a bucket or of the whole vault, newest first.')
    .argument('[bucket]', 'the protected bucket (default: all)')
    .option('--type <type>', 'only jobs of one type: backup, restore or upkeep', oneOf(['backup', 'restore', 'upkeep']))
    .option('--limit <n>', 'maximum number of jobs', wholeNumber, 20)
    .addHelpText('after', EXAMPLES)
    .action((bucket: string | undefined, options: JobsOptions) => run((context) => jobs(context, bucket, options)));
}

async function jobs(context: Context, bucket: string | undefined, { type, limit }: JobsOptions): Promise<number> {
  const { io, clients } = context;
  const vault = await vaultOf(context);
  const wanted = type?.toUpperCase() as JobType | undefined;
  const { items, next } = await clients.catalog(vault.catalogTable).listJobs({ bucket, type: wanted, limit });
  if (items.length === 0) io.err(`no jobs${bucket === undefined ? '' : ` of ${bucket}`} in vault ${vault.vaultName}`);
  if (items.length > 0 || context.json) result(context, items, () => table(COLUMNS, items, io.columns));
  if (next !== undefined) io.err(`there are more than ${limit}: raise --limit to see them`);
  return Exit.done;
}

const COLUMNS: readonly Column<JobRecord>[] = [
  { heading: 'JOB', value: ({ jobId }) => jobId },
  { heading: 'TYPE', value: ({ type }) => type },
  { heading: 'STATUS', value: ({ state }) => state },
  { heading: 'BUCKET', value: ({ bucket }) => bucket },
  { heading: 'STARTED', value: ({ createdAt }) => createdAt },
  { heading: 'TOOK', right: true, value: took },
  {
    heading: 'RECOVERY POINT OR ERROR',
    value: ({ recoveryPointId, statusMessage }) => statusMessage ?? recoveryPointId ?? '-',
  },
];

function took({ createdAt, completedAt }: JobRecord): string {
  return completedAt === undefined ? '-' : duration(Date.parse(completedAt) - Date.parse(createdAt));
}
