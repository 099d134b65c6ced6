import { bundleHandlers } from './bundle';

/** Before tests that synthesize or deploy: bundles the functions, unless nothing has changed since they were bundled. */
export default async function bundles(): Promise<void> {
  await bundleHandlers();
}
