import * as z from 'zod';
import { BackupError, ErrorName, vaultDamaged } from '../../contract/errors';
import { type HistoryPart, historyPart, type PageRef, pageRef } from './segment-index';

/** Numbers of a commit. Keys of `skipped` are reasons. */
export interface BackupCounts {
  /** Keys that have a current object. */
  readonly objects: number;
  /** Object versions with a body that the scan saw. */
  readonly versions: number;
  readonly markers: number;
  /** Bytes of these versions in the source bucket. */
  readonly bytes: number;
  readonly stored: number;
  readonly storedBytes: number;
  readonly reused: number;
  readonly removed: number;
  /** Versions whose tags or ACL had changed, by a full read, a report or the change log. */
  readonly restated: number;
  /** Versions that were stored when their events came, and taken into the history by this commit. */
  readonly captured?: number;
  /** Versions that events told of and that were gone before they could be read. */
  readonly lost?: number;
  readonly skipped: Readonly<Record<string, number>>;
}

const manifestFields = z.object({
  bucket: z.string(),
  region: z.string(),
  seq: z.number(),
  previous: z.object({ seq: z.number(), sha256: z.string() }).optional(),
  jobId: z.string(),
  /** ISO 8601, UTC, whole seconds: the instant that the commit shows. */
  asOf: z.string(),
  source: z.enum(['listing', 'inventory', 'changes', 'compaction']),
  versions: z.enum(['ALL', 'CURRENT']),
  /** Absent for a commit that is only internal. */
  recoveryPoint: z
    .object({
      state: z.enum(['COMPLETED', 'PARTIAL']),
      plan: z.string().optional(),
      rule: z.string().optional(),
      deleteAt: z.string().optional(),
      tags: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
  /** Object ownership of the bucket: with BucketOwnerEnforced its objects have no ACLs to restore. */
  ownership: z.enum(['BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter']),
  counts: z.object({
    objects: z.number(),
    versions: z.number(),
    markers: z.number(),
    bytes: z.number(),
    stored: z.number(),
    storedBytes: z.number(),
    reused: z.number(),
    removed: z.number(),
    restated: z.number(),
    captured: z.number().optional(),
    lost: z.number().optional(),
    skipped: z.record(z.string(), z.number()),
  }),
  /** Until when tags and ACLs of all versions are known, where they are. */
  metadataThrough: z.string().optional(),
  /** Until when the change log is taken in, by the time at which changes were written to it. The next commit goes on there. */
  changesThrough: z.string().optional(),
  /** Of a bucket with continuous backup: any second from `since` on, and not older than `days`, can be restored. */
  continuous: z
    .object({
      plan: z.string().optional(),
      days: z.number(),
      since: z.string(),
      /** Versions that were removed up to then may be missing: merges have dropped some. Earlier releases did not say. */
      droppedThrough: z.string().optional(),
      /** All that happened up to then is in the history, as far as S3 has told of it. */
      capturedThrough: z.string(),
      /** Last comparison with what the bucket had. */
      reconciledThrough: z.string(),
      /** The last comparisons, newest first: what each looked at, and when it was done. Earlier releases did not say. */
      comparisons: z.array(z.object({ through: z.string(), end: z.string() })).optional(),
      /** What the bucket held by all that was known when the commit was made: `counts` are those of `asOf`. */
      holdings: z
        .object({
          objects: z.number(),
          versions: z.number(),
          markers: z.number(),
          bytes: z.number(),
          /** Versions of it whose bodies the vault has not, by reason. Earlier releases did not count them. */
          skipped: z.record(z.string(), z.number()).optional(),
        })
        .optional(),
      /** Files of reports that list these, since the last scan. */
      skippedReports: z.array(z.string()).optional(),
      /** Start of the last inventory report of all versions that was compared. */
      lastReport: z.string().optional(),
      /** Intervals in which events may be missing for good, as capture was off. */
      gaps: z.array(z.object({ after: z.string(), before: z.string(), reason: z.string() })),
      /** Why changes may have gone by unseen when the commit was made. */
      stopped: z.string().optional(),
      /** Events that had failed for good when the commit was made, how many of them each redrive had moved, and by when: times are epoch seconds. */
      deadLetters: z
        .object({
          count: z.number(),
          at: z.number(),
          moved: z.record(z.string(), z.number()),
          movedAt: z.record(z.string(), z.number()).optional(),
        })
        .optional(),
      /** When all tags and ACLs were read last. */
      metadataReadAt: z.string().optional(),
      /** Versions that were gone before they could be read, since the last scan. */
      unresolved: z.number().optional(),
    })
    .optional(),
  /** Changes after `metadataThrough` may be missing, as they were not captured all the time. Ends with a full read. */
  changesMissed: z.boolean().optional(),
  /** Nobody has seen to it that S3 tells of changes: full reads do without. */
  changesUnseen: z.boolean().optional(),
});
/** Where the segments of a history are told. */
export type HistoryIndex = HistoryPart | { readonly pages: readonly PageRef[] };

export interface Manifest extends z.infer<typeof manifestFields> {
  /** The whole history, from the first key to the last; in pages, in key order, where it has many segments. */
  readonly history: HistoryIndex;
}

const MOST_FORMAT = 2;
const INDEX_IN_PAGES = 2;
/** Earlier releases know format 1, and are to refuse what they would read half. */
const manifestFile = z.discriminatedUnion('format', [
  manifestFields.extend({ format: z.literal(1), ...historyPart.shape }),
  manifestFields.extend({ format: z.literal(INDEX_IN_PAGES), pages: z.array(pageRef).min(1) }),
]);

export function encodeManifest({ history, ...fields }: Manifest): Uint8Array {
  const format = 'pages' in history ? INDEX_IN_PAGES : 1;
  return Buffer.from(`${JSON.stringify({ format, ...fields, ...history })}\n`, 'utf8');
}

export function decodeManifest(bytes: Uint8Array, name: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (cause) {
    throw vaultDamaged(`manifest ${name}`, 'is not readable', cause);
  }
  const format = (value as { format?: unknown } | null)?.format;
  if (typeof format === 'number' && format > MOST_FORMAT)
    throw new BackupError(
      ErrorName.vaultFormatTooNew,
      `manifest ${name} has format ${String(format)}, but this release reads formats up to ${String(MOST_FORMAT)}: update cdk-s3-backup`,
    );
  const parsed = manifestFile.safeParse(value);
  if (!parsed.success) throw vaultDamaged(`manifest ${name}`, `is not valid (${z.prettifyError(parsed.error)})`);
  return inMemory(parsed.data);
}

function inMemory(file: z.infer<typeof manifestFile>): Manifest {
  const history =
    file.format === INDEX_IN_PAGES ? { pages: file.pages } : { segments: file.segments, ranges: file.ranges };
  return { ...manifestFields.parse(file), history };
}
