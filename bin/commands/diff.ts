import type { Command } from 'commander';
import { sizeOf } from '../../lambda/core/browse/listed';
import type { VersionView } from '../../lambda/core/history/view';
import { addCounts, type Counts } from '../../lambda/core/values/counts';
import { toIso } from '../../lambda/core/values/instant';
import { diffStates, KeyDifference } from '../../lambda/usecases/browse/diff';
import { BucketState, openState } from '../../lambda/usecases/browse/state';
import { readVault } from '../input/reading';
import { Problems } from '../input/state';
import { stateText } from '../output/doubts';
import { Exit } from '../output/errors';
import { bytes, number, oneLine, plural } from '../output/format';
import { mark, Marks } from '../output/marks';
import { JsonLines, streamed } from '../output/output';
import type { Context, Run } from '../vault/context';

interface DiffOptions {
  readonly from: string;
  readonly to: string;
}

const EXAMPLES = `
A state is an instant of continuous backup, a recovery point (its ID or its number), or "latest".

Each line shows the change of the object (added, removed, changed), what changed (body, metadata, tags,
acl), the mark "?" if this is in doubt, and the key. New versions without any difference are only counted.

Examples:
  $ s3-backup --vault MyStack diff my-bucket --from 11
  $ s3-backup --vault MyStack diff my-bucket photos/ --from 2026-11-22T10:15:00Z --to 2026-11-22T11:00:00Z
  $ s3-backup --vault MyStack diff my-bucket --from 11 --to 12 --json | jq '.changes[] | select(.change == "removed")'

The exit code is 0 with and without differences.`;

export function addDiff(program: Command, run: Run): void {
  program
    .command('diff')
    .summary('compare the objects of a bucket at two times')
    .description('Compares the objects that were current in a bucket at two recovery points or instants.')
    .argument('<bucket>', 'the bucket that was backed up')
    .argument('[prefix]', 'only keys with this prefix (default: all)')
    .requiredOption('--from <state>', 'an instant or a recovery point')
    .option('--to <state>', 'an instant or a recovery point', 'latest')
    .addHelpText('after', EXAMPLES)
    .action((bucket: string, prefix: string | undefined, options: DiffOptions) =>
      run((context) => diff(context, bucket, prefix ?? '', options)),
    );
}

async function diff(context: Context, bucket: string, prefix: string, options: DiffOptions): Promise<number> {
  const problems = new Problems();
  problems.bucket(bucket);
  problems.item('the prefix', prefix);
  const requests = [
    problems.instantOrPoint('--from', bucket, options.from),
    problems.instantOrPoint('--to', bucket, options.to),
  ] as const;
  problems.check();
  return readVault(context, requests, async (ports) => {
    const from = await openState(ports, requests[0]);
    const to = await openState(ports, requests[1]);
    context.io.err(`from ${stateText(from)}`);
    context.io.err(`to   ${stateText(to)}`);
    const marks = new Marks('different');
    const differences = diffStates(ports, from, to, prefix);
    await (context.json ? writeDocument : writeLines)(context, { prefix, from, to, differences, marks });
    marks.explain(context.io);
    return Exit.done;
  });
}

interface Compared {
  readonly prefix: string;
  readonly from: BucketState;
  readonly to: BucketState;
  readonly differences: AsyncIterable<KeyDifference>;
  readonly marks: Marks;
}

/** Numbers of a comparison. */
class Totals {
  readonly keys: Counts = { added: 0, removed: 0, changed: 0, rewritten: 0 };
  addedBytes = 0;
  removedBytes = 0;
  isExact = true;

  /** False for a key that is not to be shown. */
  take({ change, before, after, doubts }: KeyDifference, marks: Marks): boolean {
    if (doubts.length > 0) this.isExact = false;
    if (change === 'same') marks.leftOut();
    else addCounts(this.keys, { [change]: 1 });
    if (change === 'same' || change === 'rewritten') return false;
    marks.count(doubts, undefined);
    this.addedBytes += after ? sizeOf(after.row) : 0;
    this.removedBytes += before ? sizeOf(before.row) : 0;
    return true;
  }
}

const writeLines = (context: Context, { differences, marks }: Compared): Promise<void> =>
  streamed(context, async (output) => {
    const totals = new Totals();
    for await (const difference of differences) {
      if (!totals.take(difference, marks)) continue;
      const { change, parts, doubts, key } = difference;
      const what = (parts.join(',') || '-').padEnd(23);
      await output.line(`${change.padEnd(7)} ${what} ${mark(doubts, undefined).trimEnd().padEnd(1)} ${oneLine(key)}`);
    }
    const { added = 0, removed = 0, changed = 0, rewritten = 0 } = totals.keys;
    const sizes = `${bytes(totals.addedBytes)} instead of ${bytes(totals.removedBytes)}`;
    const counts = `${plural(added, 'object')} added, ${number(removed)} removed, ${number(changed)} changed`;
    await output.line(`${counts} (${sizes}); ${plural(rewritten, 'object')} rewritten without any change`);
  });

const writeDocument = (context: Context, { prefix, from, to, differences, marks }: Compared): Promise<void> =>
  streamed(context, async (output) => {
    const head = JSON.stringify({ bucket: from.bucket, prefix, from: stateOf(from), to: stateOf(to) });
    const changes = new JsonLines(output, `${head.slice(0, -1)},"changes":[`);
    const totals = new Totals();
    for await (const difference of differences) {
      if (!totals.take(difference, marks)) continue;
      const { key, change, parts, before, after, doubts } = difference;
      const versions = { before: before && versionOf(before), after: after && versionOf(after) };
      await changes.add({ key, change, parts, ...versions, exact: doubts.length === 0, doubts });
    }
    const isCovered = [from, to].every(({ coverage }) => (coverage?.doubts.length ?? 0) === 0);
    const foot = JSON.stringify({ counts: totals.keys, exact: isCovered && totals.isExact });
    await changes.end(`],${foot.slice(1)}`);
  });

function stateOf({ recoveryPointId, asOf, coverage }: BucketState) {
  const { doubts = [], capturedThrough, reconciledThrough } = coverage ?? {};
  return { recoveryPointId, asOf, exact: doubts.length === 0, doubts, capturedThrough, reconciledThrough };
}

const versionOf = ({ row }: VersionView) => ({
  versionId: row.versionId,
  lastModified: toIso(row.lastModified),
  size: sizeOf(row),
});
