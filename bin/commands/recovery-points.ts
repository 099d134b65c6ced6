import type { Command } from 'commander';
import type { Catalog, ContinuousPointRecord, RecoveryPointRecord } from '../../lambda/ports/catalog';
import { wholeNumber } from '../input/options';
import { Exit } from '../output/errors';
import { bytes, Column, number, table } from '../output/format';
import { type Context, result, type Run, vaultOf } from '../vault/context';

const EXAMPLES = `
Examples:
  $ s3-backup --vault MyStack recovery-points my-bucket
  $ s3-backup --vault MyStack recovery-points my-bucket --limit 1 --json | jq -r '.[0].recoveryPointId'`;

export function addRecoveryPoints(program: Command, run: Run): void {
  program
    .command('recovery-points')
    .summary('list recovery points')
    .description(
      'Lists recovery points of a bucket or of the whole vault, newest first. Shows also the period that continuous backup can restore to the second.',
    )
    .argument('[bucket]', 'the protected bucket (default: all)')
    .option('--limit <n>', 'maximum number of recovery points', wholeNumber, 20)
    .addHelpText('after', EXAMPLES)
    .action((bucket: string | undefined, { limit }: { limit: number }) =>
      run((context) => recoveryPoints(context, bucket, limit)),
    );
}

async function recoveryPoints(context: Context, bucket: string | undefined, limit: number): Promise<number> {
  const { io, clients } = context;
  const vault = await vaultOf(context);
  const catalog = clients.catalog(vault.catalogTable);
  const { items, next } = await catalog.listRecoveryPoints({ bucket, limit });
  const continuous = await continuousPoints(catalog, bucket);
  if (items.length === 0 && continuous.length === 0)
    io.err(`no recovery points${bucket === undefined ? '' : ` of ${bucket}`} in vault ${vault.vaultName}`);
  if (items.length > 0 || continuous.length > 0 || context.json)
    result(context, [...continuous, ...items], () =>
      [
        ...(continuous.length > 0 ? [table(CONTINUOUS_COLUMNS, continuous, io.columns)] : []),
        ...(items.length > 0 ? [table(COLUMNS, items, io.columns)] : []),
      ].join('\n\n'),
    );
  if (next !== undefined) io.err(`there are more than ${limit}: raise --limit to see them`);
  return Exit.done;
}

async function continuousPoints(
  catalog: Pick<Catalog, 'getContinuousPoint' | 'listContinuousPoints'>,
  bucket: string | undefined,
): Promise<readonly ContinuousPointRecord[]> {
  if (bucket === undefined) return catalog.listContinuousPoints();
  const point = await catalog.getContinuousPoint(bucket);
  return point ? [point] : [];
}

const CONTINUOUS_COLUMNS: readonly Column<ContinuousPointRecord>[] = [
  { heading: 'CONTINUOUS', value: ({ recoveryPointId }) => recoveryPointId },
  { heading: 'STATUS', value: ({ state }) => state },
  { heading: 'EARLIEST', value: ({ earliestRestorable }) => earliestRestorable },
  { heading: 'LATEST', value: ({ latestRestorable }) => latestRestorable },
  { heading: 'COMPARED', value: ({ reconciledThrough }) => reconciledThrough },
  { heading: 'MESSAGE', value: ({ statusMessage }) => statusMessage ?? '' },
];

const COLUMNS: readonly Column<RecoveryPointRecord>[] = [
  { heading: 'RECOVERY POINT', value: ({ recoveryPointId }) => recoveryPointId },
  { heading: 'STATUS', value: ({ state }) => state },
  { heading: 'AS OF', value: ({ asOf }) => asOf },
  { heading: 'EXPIRES', value: ({ deleteAt }) => deleteAt ?? 'never' },
  { heading: 'OBJECTS', right: true, value: ({ objects }) => number(objects) },
  { heading: 'VERSIONS', right: true, value: ({ versionCount }) => number(versionCount) },
  { heading: 'SIZE', right: true, value: ({ bytes: size }) => bytes(size) },
  { heading: 'JOB', value: ({ jobId }) => jobId },
];
