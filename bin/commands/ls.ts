import type { Command } from 'commander';
import { notStored, sizeOf } from '../../lambda/core/browse/listed';
import { toIso } from '../../lambda/core/values/instant';
import { ListedEntry, listObjects } from '../../lambda/usecases/browse/objects';
import { BucketState } from '../../lambda/usecases/browse/state';
import { wholeNumber } from '../input/options';
import { readState } from '../input/reading';
import { Problems, StateOptions, withStateOptions } from '../input/state';
import { Exit } from '../output/errors';
import { oneLine } from '../output/format';
import { exactness, mark, Marks } from '../output/marks';
import { listed } from '../output/output';
import type { Context, Run } from '../vault/context';

interface LsOptions extends StateOptions {
  readonly recursive?: boolean;
  readonly limit?: number;
}
type Shown = Exclude<ListedEntry, { kind: 'absent' }>;

const EXAMPLES = `
Each line shows date, size, mark and key. PRE stands for all keys with that prefix.
The mark "?" means that the key is in doubt, "!" that the backup could not store its body.
Keys with unusual characters are shown as JSON text.

Examples:
  $ s3-backup --vault MyStack ls my-bucket
  $ s3-backup --vault MyStack ls my-bucket photos/ --at 2026-11-22T10:15:00Z
  $ s3-backup --vault MyStack ls my-bucket --recursive --recovery-point 12 --json | jq -r '.[].key'`;

export function addLs(program: Command, run: Run): void {
  const command = program
    .command('ls')
    .summary('list the objects that a bucket had at any time')
    .description('Lists the objects that were current in a bucket at a recovery point or an instant, in key order.')
    .argument('<bucket>', 'the bucket that was backed up')
    .argument('[prefix]', 'only keys with this prefix (default: all)');
  withStateOptions(command)
    .option('-r, --recursive', 'list every key, not one line per prefix up to the next "/"')
    .option('--limit <n>', 'maximum number of lines (default: all)', wholeNumber)
    .addHelpText('after', EXAMPLES)
    .action((bucket: string, prefix: string | undefined, options: LsOptions) =>
      run((context) => ls(context, bucket, prefix ?? '', options)),
    );
}

async function ls(context: Context, bucket: string, prefix: string, options: LsOptions): Promise<number> {
  const problems = new Problems();
  problems.bucket(bucket);
  problems.item('the prefix', prefix);
  const request = problems.state(bucket, options);
  problems.check();
  return readState(context, request, async (ports, state) => {
    const { io } = context;
    const marks = new Marks('there');
    const entries = listObjects(ports, state, { prefix, delimiter: options.recursive ? undefined : '/' });
    const count = await listed(context, shown(entries, marks), {
      limit: options.limit,
      seen: ({ doubts, ...entry }) => {
        marks.count(doubts, entry.kind === 'object' ? notStored(entry.version.row) : undefined);
      },
      text,
      json: (entry) => document(state, entry),
    });
    if (count === 0) io.err(prefix === '' ? 'no objects' : `no objects with the prefix ${JSON.stringify(prefix)}`);
    marks.explain(io);
    return Exit.done;
  });
}

async function* shown(entries: AsyncIterable<ListedEntry>, marks: Marks): AsyncGenerator<Shown> {
  for await (const entry of entries) {
    if (entry.kind === 'absent') marks.leftOut();
    else yield entry;
  }
}

const DATE_WIDTH = toIso(0).length;
const SIZE_WIDTH = 14;

function text(entry: Shown): string {
  if (entry.kind === 'prefix')
    return `${'PRE'.padStart(DATE_WIDTH + 1 + SIZE_WIDTH)} ${mark(entry.doubts, undefined)} ${oneLine(entry.prefix)}`;
  const { row } = entry.version;
  const size = String(sizeOf(row)).padStart(SIZE_WIDTH);
  return `${toIso(row.lastModified)} ${size} ${mark(entry.doubts, notStored(row))} ${oneLine(entry.key)}`;
}

function document(state: BucketState, entry: Shown) {
  if (entry.kind === 'prefix') return { prefix: entry.prefix, ...exactness(state, entry.doubts) };
  const { row } = entry.version;
  const reason = notStored(row);
  return {
    key: entry.key,
    versionId: row.versionId,
    lastModified: toIso(row.lastModified),
    size: sizeOf(row),
    etag: row.etag,
    storageClass: row.storageClass,
    stored: reason === undefined,
    notStored: reason,
    ...exactness(state, entry.doubts),
  };
}
