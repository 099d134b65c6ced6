import type { Row } from './row';

type Visibility = Pick<Row, 'visibleFrom' | 'visibleBefore'>;

/** S3 cuts dates to seconds, and sends an event when the request is done: so much later is no sign of anything. */
const ROUNDING = 1;
/** Up to here it may be a difference of S3's own clocks as well: the version was there from one of the two instants on. */
const DOUBTFUL = 5;

/** Reports are eventually consistent: S3 gives no time after which they have everything, 48 hours are taken to be enough. Seconds. */
export const REPORT_LAG = 48 * 60 * 60;

/** An upload by parts is dated by its start, and there from its end on. Its ETag tells how many parts it had. */
export const isMultipart = ({ etag }: Pick<Row, 'etag'>): boolean => /-\d+$/.test(etag ?? '');

/**
 * Since when a version was there of which an event tells. Replicas keep the date that they have elsewhere, uploads that of their start: an event
 * that is clearly later than the date tells when the version came. `date` is absent where S3 has not said it.
 */
export function arrivalByEvent(time: number, date: number | undefined, etag?: string): Visibility {
  if (date === undefined || isMultipart({ etag })) return { visibleFrom: time, visibleBefore: time };
  const late = time - date;
  if (late <= ROUNDING) return { visibleFrom: date, visibleBefore: date };
  return { visibleFrom: late <= DOUBTFUL ? date : time, visibleBefore: time };
}

/** What tells of versions besides the scan. */
export interface OtherSights {
  readonly asOf: number;
  /** When all versions were looked at last: what the history does not have came later. */
  readonly lastSeenAll?: number;
  /** Events tell of the bucket's changes. */
  readonly continuous?: object;
}

/**
 * The row of a version that a scan has found and the history does not have. One that is dated before the last scan of all versions came after
 * it: that scan would have seen it. Where events tell of changes and none has told of the version, its date is not taken for its arrival either.
 */
export function arrivedBetween(row: Row, { asOf, lastSeenAll, continuous }: OtherSights): Row {
  if (lastSeenAll === undefined || row.visibleBefore !== undefined) return row;
  if (row.lastModified > lastSeenAll && !continuous) return row;
  const visibleFrom = Math.max(row.lastModified, Math.min(lastSeenAll, asOf));
  return { ...row, visibleFrom, visibleBefore: Math.max(row.observedAt ?? asOf, visibleFrom) };
}
