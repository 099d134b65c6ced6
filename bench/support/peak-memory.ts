import { existsSync, readFileSync } from 'node:fs';

const STATUS = '/proc/self/status';

/**
 * Peak memory of this process so far, in MiB. On Linux that is not maxRSS: it begins with the peak of the process that started this one,
 * which would put a benchmark's own memory into that of its workers.
 */
export function peakMiB(): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(existsSync(STATUS) ? readFileSync(STATUS, 'utf8') : '') ?? [];
  return Math.round(Number(kib ?? process.resourceUsage().maxRSS) / 1_024);
}
