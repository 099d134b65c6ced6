import { undoFilesKey, undoIndexKey, undoPrefix } from '../../../contract/layout';
import type { RestoreAction } from '../../../core/restore/actions';
import type { RestoreJob } from '../../../core/restore/job';
import { decodeLines } from '../../work/json-lines';
import { ReportWriter } from '../../work/report';
import type { Scratch } from '../../work/turns';

/**
 * What a rollback leaves for its undo, beside its report: an index, durable before the first write, for each unit of it the names of its
 * files of actions, durable before the unit's first write, and for each turn the version IDs that it wrote. A job that dies may lack the
 * last; what it wrote is recognised then.
 */
export interface UndoIndex extends Pick<RestoreJob, 'jobId' | 'startedAt' | 'point' | 'asOf' | 'recoveryPointId'> {
  /** How the rollback wrote, for its undo to do so too. Absent from an earlier release. */
  readonly encryption?: RestoreJob['encryption'];
  /** How many units there are, with IDs from 0 on. An earlier release put all units and their files here. */
  readonly units: number | readonly { readonly id: string; readonly files: readonly string[] }[];
}

/** What one turn wrote under a key, on top of what. */
interface WrittenLine {
  readonly key: string;
  /** What was current before; absent when there was nothing. An ETag is that of an object, a delete marker has none. */
  readonly before?: RestoreAction['before'];
  readonly written: { readonly versionId: string; readonly etag?: string };
}

/** Puts the index; an earlier attempt's is the same. */
export async function writeUndoIndex(scratch: Scratch, job: RestoreJob, units: number): Promise<void> {
  const { jobId, startedAt, point, asOf, recoveryPointId, encryption } = job;
  const index: UndoIndex = { jobId, startedAt, point, asOf, recoveryPointId, encryption, units };
  await scratch.create(undoIndexKey(job.sourceBucket, jobId), index);
}

export const findUndoIndex = (scratch: Scratch, bucket: string, jobId: string): Promise<UndoIndex | undefined> =>
  scratch.find<UndoIndex>(undoIndexKey(bucket, jobId));

/** Names a unit's files of actions; every attempt names the same. */
export const writeUndoFiles = (scratch: Scratch, job: RestoreJob, unit: string, files: readonly string[]) =>
  scratch.replace(undoFilesKey(job.sourceBucket, job.jobId, unit), files);

/** Files of actions of a unit: none of one that never began, and so wrote nothing. */
export const findUndoFiles = async (
  scratch: Scratch,
  bucket: string,
  jobId: string,
  unit: string,
): Promise<readonly string[]> => (await scratch.find<readonly string[]>(undoFilesKey(bucket, jobId, unit))) ?? [];

/** Notes what a unit's turn wrote. */
export const writtenVersions = (scratch: Scratch, job: RestoreJob, unit: string): ReportWriter<WrittenLine> =>
  new ReportWriter(writtenPrefix(job.sourceBucket, job.jobId, unit), (key, body) =>
    scratch.store.put({ bucket: scratch.bucket, key, body }),
  );

/** Version IDs that a unit wrote, by key; of all attempts at all of its turns. */
export async function readWritten(
  scratch: Scratch,
  bucket: string,
  jobId: string,
  unit: string,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const written = new Map<string, readonly string[]>();
  let startAfter: string | undefined;
  do {
    const prefix = writtenPrefix(bucket, jobId, unit);
    const page = await scratch.store.listObjects({ bucket: scratch.bucket, prefix, startAfter });
    for (const { key: file } of page.entries)
      for (const { key, written: own } of await readLines<WrittenLine>(scratch, file))
        written.set(key, [...(written.get(key) ?? []), own.versionId]);
    startAfter = page.next;
  } while (startAfter !== undefined);
  return written;
}

export const readActions = (scratch: Scratch, file: string): Promise<RestoreAction[]> =>
  readLines<RestoreAction>(scratch, file);

async function readLines<T>(scratch: Scratch, key: string): Promise<T[]> {
  const { body } = await scratch.store.get({ bucket: scratch.bucket, key });
  return [...decodeLines<T>(body)];
}

const writtenPrefix = (bucket: string, jobId: string, unit: string): string =>
  `${undoPrefix(bucket, jobId)}written-${unit}-`;

/** Where the undo files of a job are, for people. */
export const undoUri = (scratch: Scratch, job: RestoreJob): string =>
  `s3://${scratch.bucket}/${undoIndexKey(job.sourceBucket, job.jobId)}`;
