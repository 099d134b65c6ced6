import type { Command } from 'commander';
import { notStored, sizeOf, versionDoubts } from '../../lambda/core/browse/listed';
import type { KeyView, VersionView } from '../../lambda/core/history/view';
import { toSelection } from '../../lambda/core/restore/items';
import { type ItemSelector, toSelector } from '../../lambda/core/restore/schema';
import { toIso } from '../../lambda/core/values/instant';
import { BucketState, viewsIn } from '../../lambda/usecases/browse/state';
import { wholeNumber } from '../input/options';
import { readState } from '../input/reading';
import { Problems, StateOptions, withStateOptions } from '../input/state';
import { explained } from '../output/doubts';
import { Exit } from '../output/errors';
import { oneLine, plural } from '../output/format';
import type { Io } from '../output/io';
import { exactness } from '../output/marks';
import { listed } from '../output/output';
import type { Context, Run } from '../vault/context';

interface VersionsOptions extends StateOptions {
  readonly prefix?: string;
  readonly key?: string;
  readonly limit?: number;
}
interface Version {
  readonly key: string;
  readonly version: VersionView;
  readonly isLatest: boolean;
  readonly doubts: readonly string[];
}

const EXAMPLES = `
Each line shows date, size, storage class, version ID, remarks and key. Remarks are latest, delete-marker,
not-stored:<reason> and in-doubt:<reason>, or "-" for none. Keys with unusual characters are shown as JSON text.

Examples:
  $ s3-backup --vault MyStack versions my-bucket photos/a.jpg
  $ s3-backup --vault MyStack versions my-bucket photos/ --at 2026-11-22T10:15:00Z
  $ s3-backup --vault MyStack versions my-bucket --prefix photo --json | jq -r '.[] | select(.stored == false).key'`;

export function addVersions(program: Command, run: Run): void {
  const command = program
    .command('versions')
    .summary('list the versions that keys had at any time')
    .description(
      'Lists all versions and delete markers of a key, or of each key with a prefix, at a recovery point or an instant. The newest come first.',
    )
    .argument('<bucket>', 'the bucket that was backed up')
    .argument('[item]', 'a key, or a prefix if it ends in "/" (default: the whole bucket)')
    .option('--prefix <prefix>', 'only keys with this prefix')
    .option('--key <key>', 'only this key');
  withStateOptions(command)
    .option('--limit <n>', 'maximum number of lines (default: all)', wholeNumber)
    .addHelpText('after', EXAMPLES)
    .action((bucket: string, item: string | undefined, options: VersionsOptions) =>
      run((context) => versions(context, bucket, item, options)),
    );
}

async function versions(
  context: Context,
  bucket: string,
  item: string | undefined,
  options: VersionsOptions,
): Promise<number> {
  const problems = new Problems();
  problems.bucket(bucket);
  const selector = selectorOf(problems, item, options);
  const request = problems.state(bucket, options);
  problems.check();
  return readState(context, request, async (ports, state) => {
    const { io } = context;
    const [range = { from: '' }] = toSelection([selector]).intervals;
    const unseen = new Unseen();
    const all = versionsOf(viewsIn(ports, state, range), state, unseen);
    const json = (version: Version): unknown => document(state, version);
    const count = await listed(context, all, { limit: options.limit, text, json });
    if (count === 0) io.err(`no versions of the ${selector.kind} ${JSON.stringify(selector.text)}`);
    unseen.explain(io);
    return Exit.done;
  });
}

function selectorOf(problems: Problems, item: string | undefined, { prefix, key }: VersionsOptions): ItemSelector {
  const given: ItemSelector[] = [
    ...(item === undefined ? [] : [toSelector(item)]),
    ...(prefix === undefined ? [] : [{ kind: 'prefix' as const, text: prefix }]),
    ...(key === undefined ? [] : [{ kind: 'key' as const, text: key }]),
  ];
  if (given.length > 1) problems.add('item, --prefix and --key: only one is allowed; remove the others');
  for (const { kind, text: name } of given) {
    problems.item(`the ${kind}`, name);
    if (kind === 'key' && name === '') problems.add('the key: must not be empty');
  }
  return given[0] ?? { kind: 'prefix', text: '' };
}

/** Most keys that are named: more are counted. */
const MOST_NAMED = 10;

/** Keys of which no version is known, and that may have had one. */
class Unseen {
  private readonly named: string[] = [];
  private count = 0;

  add({ key, uncertain }: KeyView): void {
    if (++this.count <= MOST_NAMED)
      this.named.push(`${oneLine(key)}: in doubt: ${uncertain.map(explained).join(', ')}`);
  }

  explain(io: Io): void {
    for (const line of this.named) io.err(line);
    if (this.count > MOST_NAMED) io.err(`${plural(this.count - MOST_NAMED, 'more key')} of this kind`);
  }
}

async function* versionsOf(
  views: AsyncIterable<KeyView>,
  { history }: BucketState,
  unseen: Unseen,
): AsyncGenerator<Version> {
  for await (const view of views) {
    const { key, versions: all } = view;
    if (all.length === 0) unseen.add(view);
    for (const [index, version] of all.entries()) {
      const doubts = versionDoubts(version, history);
      yield { key, version, isLatest: index === 0, doubts };
    }
  }
}

function text({ key, version: { row }, isLatest, doubts }: Version): string {
  const reason = notStored(row);
  const remarks = [
    ...(isLatest ? ['latest'] : []),
    ...(row.kind === 'marker' ? ['delete-marker'] : []),
    ...(reason === undefined ? [] : [`not-stored:${reason}`]),
    ...doubts.map((doubt) => `in-doubt:${doubt}`),
  ];
  const size = row.kind === 'marker' ? '-' : String(sizeOf(row));
  return [
    toIso(row.lastModified),
    size.padStart(14),
    (row.storageClass ?? '-').padEnd(12),
    row.versionId.padEnd(32),
    (remarks.join(',') || '-').padEnd(20),
    oneLine(key),
  ].join(' ');
}

function document(state: BucketState, { key, version: { row }, isLatest, doubts }: Version) {
  const isDeleteMarker = row.kind === 'marker';
  const facts = { key, versionId: row.versionId, isLatest, isDeleteMarker, lastModified: toIso(row.lastModified) };
  if (isDeleteMarker) return { ...facts, ...exactness(state, doubts) };
  const reason = notStored(row);
  return {
    ...facts,
    size: sizeOf(row),
    etag: row.etag,
    storageClass: row.storageClass,
    stored: reason === undefined,
    notStored: reason,
    ...exactness(state, doubts),
  };
}
