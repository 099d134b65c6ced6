import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { bundleHandlers, root } from './bundle';
import { buildPackage } from './package';

/** `npm run build`: bundles, then the package in `dist/`. `npm run bundle` (`--bundles`) stops after the bundles. */
async function main(): Promise<void> {
  const whole = !process.argv.includes('--bundles');
  if (whole) {
    // Bundles of handlers that are gone must not get into the package.
    rmSync(join(root, 'assets'), { recursive: true, force: true });
  }
  const sizes = await bundleHandlers();
  const total = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  console.log(`bundled ${Object.keys(sizes).length} functions, ${(total / 1024 ** 2).toFixed(1)} MiB`);
  if (whole) {
    await buildPackage();
    console.log('built dist/');
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
