import { subscribe } from 'node:diagnostics_channel';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/**
 * Loads a bundle and calls its handler until it starts its first request, which is not sent. Prints what both took as a line of JSON. Plain
 * JavaScript, as in Lambda: a loader of TypeScript would take more time than what is measured.
 */
const [bundle, event] = process.argv.slice(2);
const cpuMs = () => Object.values(process.cpuUsage()).reduce((sum, micros) => sum + micros / 1_000, 0);
const start = { ms: performance.now(), cpuMs: cpuMs() };
const { handler } = createRequire(import.meta.url)(bundle);
const loaded = { ms: performance.now(), cpuMs: cpuMs() };
const since = (from) => ({ ms: performance.now() - from.ms, cpuMs: cpuMs() - from.cpuMs });
const load = since(start);

/** As support/peak-memory, which is TypeScript. */
function peakMiB() {
  const status = '/proc/self/status';
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(existsSync(status) ? readFileSync(status, 'utf8') : '') ?? [];
  return Number(kib ?? process.resourceUsage().maxRSS) / 1_024;
}

function end(request) {
  const first = request && since(loaded);
  const { host, path } = request ?? {};
  process.stdout.write(`${JSON.stringify({ load, first, host, path, peakMiB: peakMiB() })}\n`);
  process.exit(0);
}
subscribe('http.client.request.start', ({ request }) => end(request));
Promise.resolve(handler(JSON.parse(event), { getRemainingTimeInMillis: () => 300_000 })).then(
  () => end(),
  (error) => {
    process.stderr.write(`${error.message}\n`);
    end();
  },
);
