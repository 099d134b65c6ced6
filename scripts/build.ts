import { bundleHandlers } from './bundle';
import { buildPackage } from './package';

/** `npm run build`: bundles, then the package in `dist/`. `npm run bundle` (`--bundles`) stops after the bundles. */
async function main(): Promise<void> {
  const whole = !process.argv.includes('--bundles');
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
