import type { Log } from '../../ports/runtime';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Writes nothing, remembers everything. */
export class SilentLog implements Log {
  readonly lines: LogLine[] = [];

  info(event: string, fields: LogLine['fields'] = {}): void {
    this.lines.push({ level: 'info', event, fields });
  }

  warn(event: string, fields: LogLine['fields'] = {}): void {
    this.lines.push({ level: 'warn', event, fields });
  }

  error(event: string, fields: LogLine['fields'] = {}): void {
    this.lines.push({ level: 'error', event, fields });
  }

  events(): string[] {
    return this.lines.map(({ event }) => event);
  }
}
