import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../../../ports/runtime';

type Fields = Readonly<Record<string, unknown>>;

/** Structured log lines: `{ event: 'RangeBackedUp', …fields }`. Callers give counts and names of buckets, never keys. */
export class PowertoolsLog implements Log {
  constructor(private readonly logger = new Logger()) {}

  info(event: string, fields: Fields = {}): void {
    this.logger.info(event, { event, ...fields });
  }

  warn(event: string, fields: Fields = {}): void {
    this.logger.warn(event, { event, ...fields });
  }

  error(event: string, fields: Fields = {}): void {
    this.logger.error(event, { event, ...fields });
  }
}
