import type { MergedRange, SegmentRef } from '../history/segment-index';
import { addCounts, Counts } from '../values/counts';
import { addHoldings, Holdings, NO_HOLDINGS } from './holdings';
import { joinLate, type LateEvents } from './late-events';

/** What one turn at a range did. Sums of these, over all turns of all ranges, make the commit. */
export interface RangeResult {
  readonly segments: readonly SegmentRef[];
  /** Intervals whose history was written anew, with the deltas of this job in it. */
  readonly merged: readonly MergedRange[];
  /** Keys with a current object, versions with a body and their bytes, and delete markers that the recovery point has. */
  readonly objects: number;
  readonly versions: number;
  readonly bytes: number;
  readonly markers: number;
  /** Versions with a body that were seen, and not asked for, or gone by then. */
  readonly leftOut: number;
  readonly stored: number;
  readonly storedBytes: number;
  readonly reused: number;
  readonly removed: number;
  readonly restated: number;
  /** Versions with a body that a report leaves out and S3 has; they are among `versions`. */
  readonly omitted: number;
  /** Versions of the recovery point whose tags and ACL a job of all metadata did not read. */
  readonly unread: number;
  /** Versions that were stored when their events came, and those that were gone by then. */
  readonly captured: number;
  readonly lost: number;
  /** Those of the lost whose removal is known: no listing has to look for them. */
  readonly lostRemoved?: number;
  /** Rows of the change log that were taken in, and what they change of the bucket's holdings (of the source `changes`). */
  readonly folded: number;
  readonly change: Holdings;
  /** What of the bucket's holdings came later than what the recovery point shows. */
  readonly later: Holdings;
  /** Of keys that the scan of a bucket with continuous backup has decided about: what the history shows at its instant, and in the end. */
  readonly shown?: Holdings;
  readonly held?: Holdings;
  /** What the scan has found and no event has told of. */
  readonly gaps: number;
  /** Since when events came too late. Absent in results of earlier releases. */
  readonly events?: LateEvents;
  readonly skipped: Counts;
  /** The same versions, by the reasons of their rows: those that are counted off when the version is stored or gone. */
  readonly unstored?: Counts;
  /** Versions of the change log that the capture could not store, by reason. */
  readonly refused?: Counts;
  /** Skipped versions that the recovery point needs: with any, the job is PARTIAL. */
  readonly missing: number;
  /** Files of the vault's report that list the skipped versions. */
  readonly reports: readonly string[];
  readonly requests: Counts;
}

/** Sums of all turns have the form of one. */
export function sumResults(results: readonly RangeResult[]): RangeResult {
  const sum = (of: (result: RangeResult) => number): number => results.reduce((all, result) => all + of(result), 0);
  const counts = (of: (result: RangeResult) => Counts | undefined): Counts =>
    results.reduce<Counts>((all, result) => addCounts(all, of(result) ?? {}), {});
  const holdings = (of: (result: RangeResult) => Holdings | undefined): Holdings | undefined =>
    results.reduce<Holdings | undefined>((all, result) => addKnown(all, of(result)), undefined);
  return {
    segments: results.flatMap((result) => result.segments),
    merged: results.flatMap((result) => result.merged),
    objects: sum((result) => result.objects),
    versions: sum((result) => result.versions),
    bytes: sum((result) => result.bytes),
    markers: sum((result) => result.markers),
    leftOut: sum((result) => result.leftOut),
    stored: sum((result) => result.stored),
    storedBytes: sum((result) => result.storedBytes),
    reused: sum((result) => result.reused),
    removed: sum((result) => result.removed),
    restated: sum((result) => result.restated),
    omitted: sum((result) => result.omitted),
    unread: sum((result) => result.unread),
    captured: sum((result) => result.captured),
    lost: sum((result) => result.lost),
    lostRemoved: sum((result) => result.lostRemoved ?? 0),
    folded: sum((result) => result.folded),
    change: results.reduce((all, { change }) => addHoldings(all, change), NO_HOLDINGS),
    later: results.reduce((all, { later }) => addHoldings(all, later), NO_HOLDINGS),
    shown: holdings(({ shown }) => shown),
    held: holdings(({ held }) => held),
    gaps: sum((result) => result.gaps),
    events: results.reduce((all, { events = {} }) => joinLate(all, events), {}),
    missing: sum((result) => result.missing),
    skipped: counts((result) => result.skipped),
    unstored: counts((result) => result.unstored),
    refused: counts((result) => result.refused),
    reports: results.flatMap((result) => result.reports),
    requests: counts((result) => result.requests),
  };
}

const addKnown = (a: Holdings | undefined, b: Holdings | undefined): Holdings | undefined =>
  a && b ? addHoldings(a, b) : (a ?? b);
