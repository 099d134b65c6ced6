import { coverageNoteKey } from '../contract/layout';
import type { Scratch } from './turns';

/** What a job has found out, or done, about the capture of its bucket's events before it could plan anything. */
interface Noted {
  /** When events began to come, at the latest but for the time that S3 takes to begin, epoch seconds. */
  readonly at: number;
  /** The job has switched S3's events on. */
  readonly wasOff?: boolean;
  /** The job has taken over a claim that nobody had renewed for days. */
  readonly wasGivenUp?: boolean;
}

/**
 * Prepare is called again, when it was cut off or after a wait, and finds what it has done itself: events are on, the claim is fresh. The
 * note, written before either, says that they were not.
 */
export class CoverageNote {
  private constructor(
    private readonly scratch: Scratch,
    private readonly key: string,
    private noted: Noted | undefined,
  ) {}

  static async ofJob(scratch: Scratch, jobId: string): Promise<CoverageNote> {
    const key = coverageNoteKey(jobId);
    return new CoverageNote(scratch, key, await scratch.find<Noted>(key));
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
    await this.scratch.replace(this.key, this.noted);
  }

  /** Seconds after which S3 is sure to send events, as far as it takes `startSeconds` to begin; 0 when it is. */
  async waitFor(now: number, startSeconds: number): Promise<number> {
    if (!this.noted) await this.write({ at: now });
    return Math.max(0, (this.noted?.at ?? now) + startSeconds - now);
  }
}
