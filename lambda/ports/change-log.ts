import type { Row } from '../core/history/row';

/** Tags or the ACL of a version as they were read after an event. */
export interface LoggedChange {
  /** ID of the event, one for each version that it made somebody read. */
  readonly id: string;
  readonly bucket: string;
  /** A `state` row. Its `lastModified` is 0 where nobody asked for it. */
  readonly row: Row;
}

/**
 * Changes that no commit has taken in yet, by the time at which they were written: an event may come late, and out of order, but what
 * was written is never missed. Changes vanish after CHANGE_LIFETIME_SECONDS.
 */
export interface ChangeLog {
  /** Logs all changes, or throws. One that is logged twice may come twice. */
  append(changes: readonly LoggedChange[]): Promise<void>;
  /**
   * Rows of a bucket that were written from `from` on and before `to` (epoch seconds), in no order, in chunks. Strongly consistent.
   */
  read(bucket: string, from: number, to: number): AsyncIterable<readonly Row[]>;
}
