import { coverageNoteKey, eventsNoteKey, readAllNoteKey } from '../../../contract/layout';
import type { Scratch } from '../../work/turns';

/** What a job has found out, or done, about the capture of its bucket's events before it could plan anything. */
interface Noted {
  /** When events began to come, at the latest but for the time that S3 takes to begin, epoch seconds. */
  readonly at: number;
  /** The job has switched S3's events on. */
  readonly wasOff?: boolean;
  /** The job has taken over a claim that nobody had renewed for days. */
  readonly wasGivenUp?: boolean;
}

/** All tags and ACLs are read once after a gap, and no more often: that takes a request or two for each version. */
const READ_ALL_AGE = 7 * 24 * 60 * 60;
/** One that failed is tried again. One that takes longer than a job may is not to keep changes from being committed for ever. */
const MOST_TRIES = 2;

/** The last job that began to read all tags and ACLs of a bucket, and when the first of so many tries did. */
interface ReadAll {
  readonly jobId: string;
  readonly at: number;
  readonly tries: number;
}

/**
 * Prepare is called again, when it was cut off or after a wait, and finds what it has done itself: events are on, the claim is fresh. The
 * note, written before either, says that they were not.
 */
export class CoverageNote {
  private constructor(
    private readonly scratch: Scratch,
    private readonly jobId: string,
    private noted: Noted | undefined,
  ) {}

  static async ofJob(scratch: Scratch, jobId: string): Promise<CoverageNote> {
    return new CoverageNote(scratch, jobId, await scratch.find<Noted>(coverageNoteKey(jobId)));
  }

  /** When the job found out the first thing, epoch seconds. */
  get begunAt(): number | undefined {
    return this.noted?.at;
  }

  get wasOff(): boolean {
    return this.noted?.wasOff === true;
  }

  get wasGivenUp(): boolean {
    return this.noted?.wasGivenUp === true;
  }

  /** Says what the job is about to do at `now`. */
  async write(fields: Noted): Promise<void> {
    this.noted = { ...this.noted, ...fields };
    await this.scratch.replace(coverageNoteKey(this.jobId), this.noted);
  }

  /** Before a bucket has a commit, nothing else tells its next job that events were switched on a moment ago. */
  async writeStart(bucket: string, now: number): Promise<void> {
    await this.scratch.replace(eventsNoteKey(bucket), { at: now } satisfies Noted);
  }

  /** Seconds that are left of the wait of an earlier job, which did not come to its end. */
  async restOfStart(bucket: string, now: number, startSeconds: number): Promise<number> {
    const start = await this.scratch.find<Noted>(eventsNoteKey(bucket));
    return Math.max(0, (start?.at ?? -Infinity) + startSeconds - now);
  }

  /** Seconds after which S3 is sure to send events, as far as it takes `startSeconds` to begin; 0 when it is. */
  async waitFor(now: number, startSeconds: number): Promise<number> {
    if (!this.noted) await this.write({ at: now });
    return Math.max(0, (this.noted?.at ?? now) + startSeconds - now);
  }

  /** Whether all tags and ACLs may be read again. */
  async mayReadAll(bucket: string, readAt: number | undefined, now: number): Promise<boolean> {
    if (readAt !== undefined && now - readAt < READ_ALL_AGE) return false;
    const last = await this.lastReadAll(bucket, now);
    return last === undefined || last.jobId === this.jobId || last.tries < MOST_TRIES;
  }

  /** The job is about to read all of them. */
  async beginToReadAll(bucket: string, now: number): Promise<void> {
    const last = await this.lastReadAll(bucket, now);
    if (last?.jobId === this.jobId) return;
    const begun: ReadAll = { jobId: this.jobId, at: last?.at ?? now, tries: (last?.tries ?? 0) + 1 };
    await this.scratch.replace(readAllNoteKey(bucket), begun);
  }

  private async lastReadAll(bucket: string, now: number): Promise<ReadAll | undefined> {
    const last = await this.scratch.find<ReadAll>(readAllNoteKey(bucket));
    return last && now - last.at < READ_ALL_AGE ? last : undefined;
  }
}
