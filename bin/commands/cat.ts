import type { Command } from 'commander';
import { listingDoubts, notStored, sizeOf, versionDoubts } from '../../lambda/core/browse/listed';
import type { Row, VaultFile } from '../../lambda/core/history/row';
import type { KeyView, VersionView } from '../../lambda/core/history/view';
import { afterKey } from '../../lambda/core/keys/order';
import { toIso } from '../../lambda/core/values/instant';
import { readVersionBody } from '../../lambda/usecases/browse/body';
import { BucketState, openState, viewsIn } from '../../lambda/usecases/browse/state';
import type { PointPorts } from '../../lambda/usecases/restore/point/point';
import { readVault } from '../input/reading';
import { Problems, StateOptions, withStateOptions } from '../input/state';
import { explained, stateText } from '../output/doubts';
import { CliError, Exit, usageError } from '../output/errors';
import { bytes } from '../output/format';
import { streamed } from '../output/output';
import { outputFileProblem, writeFileSafely } from '../output/output-file';
import type { Context, Run } from '../vault/context';

interface CatOptions extends StateOptions {
  readonly versionId?: string;
  readonly output?: string;
}

const EXAMPLES = `
The checksum of the body is verified. A body of up to 8 MiB is verified before its first byte is
written. The last part of a larger body is written only after the whole body is verified.
A mismatch ends the command with exit code 1.

Examples:
  $ s3-backup --vault MyStack cat my-bucket docs/a.txt
  $ s3-backup --vault MyStack cat my-bucket docs/a.txt --at 2026-11-22T10:15:00Z > a.txt
  $ s3-backup --vault MyStack cat my-bucket backup.tar --version-id 3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY --output backup.tar`;

export function addCat(program: Command, run: Run): void {
  const command = program
    .command('cat')
    .summary('write the body of an object as of any time')
    .description('Writes the body that an object had at a recovery point or an instant to stdout, byte for byte.')
    .argument('<bucket>', 'the bucket that was backed up')
    .argument('<key>', 'key of the object');
  withStateOptions(command)
    .option('--version-id <id>', 'version ID, as shown by "versions" (default: the version that was current)')
    .option('-o, --output <file>', 'write to this file; it appears only after the whole body is verified')
    .addHelpText('after', EXAMPLES)
    .action((bucket: string, key: string, options: CatOptions) => run((context) => cat(context, bucket, key, options)));
}

async function cat(context: Context, bucket: string, key: string, options: CatOptions): Promise<number> {
  if (context.json)
    throw usageError('--json: cat writes a body, not a JSON document; remove --json, or use "versions --json"');
  const problems = new Problems();
  problems.bucket(bucket);
  problems.item('the key', key);
  if (key === '') problems.add('the key: must not be empty');
  const request = problems.state(bucket, options);
  const { output: path } = options;
  if (path !== undefined) problems.add(...(await outputFileProblem('--output', path)));
  problems.check();
  return readVault(context, [request], async (ports) => {
    const { io } = context;
    const state = await openState(ports, request);
    const version = await findVersion(ports, state, key, options.versionId);
    const doubts = [...(state.coverage?.doubts ?? []), ...doubtsOf(version, state)];
    if (doubts.length > 0) io.err(`not exact: ${doubts.map(explained).join(', ')}`);
    const body = readVersionBody(ports.vault, version.stored);
    if (path === undefined)
      await streamed(context, async (output) => {
        for await (const piece of body) await output.bytes(piece);
      });
    else {
      await writeFileSafely(io, path, body);
      io.err(`${path}: ${bytes(sizeOf(version.stored))} of ${stateText(state)}, version ${version.stored.versionId}`);
    }
    return Exit.done;
  });
}

interface Found {
  readonly view: KeyView;
  readonly version: VersionView;
  readonly isCurrent: boolean;
  readonly stored: Row & { readonly file: VaultFile };
}

/** What is in doubt about the version that was asked for, or about which one was current. */
const doubtsOf = ({ view, version, isCurrent }: Found, { history }: BucketState): readonly string[] =>
  isCurrent ? view.currentUncertain : versionDoubts(version, history);

async function findVersion(
  ports: PointPorts,
  state: BucketState,
  key: string,
  versionId: string | undefined,
): Promise<Found> {
  const then = `at ${state.asOf}`;
  let view: KeyView | undefined;
  for await (const one of viewsIn(ports, state, { from: key, to: afterKey(key) })) view = one;
  if (!view) throw new CliError('NoSuchKey', `bucket "${state.bucket}" had no object "${key}" ${then}`);
  const inDoubt = versionId === undefined ? listingDoubts(view) : [];
  const unsure = inDoubt.length > 0 ? `; in doubt: ${inDoubt.map(explained).join(', ')}` : '';
  if (versionId === undefined && view.versions.length === 0)
    throw new CliError('NoSuchKey', `bucket "${state.bucket}" had no object "${key}" ${then}${unsure}`);
  const index = versionId === undefined ? 0 : view.versions.findIndex(({ row }) => row.versionId === versionId);
  const version = view.versions[index];
  if (!version)
    throw new CliError(
      'NoSuchVersion',
      `"${key}" had no version "${String(versionId)}" ${then}: use a version ID that "versions" shows`,
    );
  const { row } = version;
  if (row.kind === 'marker')
    throw versionId === undefined
      ? new CliError(
          'NoSuchKey',
          `"${key}" was deleted ${then}: a delete marker of ${toIso(row.lastModified)} was current; choose an older version with --version-id (see "versions")${unsure}`,
        )
      : new CliError(
          'MethodNotAllowed',
          `version "${versionId}" of "${key}" is a delete marker and has no body; choose another version`,
        );
  const { file } = row;
  if (!file)
    throw new CliError(
      'NotStored',
      `the vault has no body of version "${row.versionId}" of "${key}": ${whyNotStored(row)}`,
    );
  return { view, version, isCurrent: versionId === undefined, stored: { ...row, file } };
}

function whyNotStored(row: Row): string {
  const reason = notStored(row) ?? 'unknown';
  if (reason === 'pending') return 'pending: the next commit of continuous backup stores it';
  return `${reason}: see the report of the backup`;
}
