import { build } from 'esbuild';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { BUNDLE_OPTIONS, root } from '../../scripts/bundle';
import { WORKERS } from './start-worker';

/** Scripts that benchmarks run in processes of their own. */
const SCRIPTS = [
  'continuous-days.ts',
  'continuous-worker.ts',
  'fan-out/step-worker.ts',
  'inventory-worker.ts',
  'streams-worker.ts',
  'unchanged-worker.ts',
];

/**
 * Bundles the workers as the functions are bundled, so that a benchmark runs the code that runs on AWS, and tells startWorker where they
 * are. Answers what removes the bundles again.
 */
export async function bundleWorkers(): Promise<() => void> {
  const folder = mkdtempSync(join(tmpdir(), 's3-backup-bench-workers-'));
  await build({
    ...BUNDLE_OPTIONS,
    entryPoints: Object.fromEntries(SCRIPTS.map((script) => [basename(script, '.ts'), join(root, 'bench', script)])),
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    write: true,
  });
  process.env[WORKERS] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
