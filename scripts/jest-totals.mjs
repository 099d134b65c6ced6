import { writeFileSync } from 'node:fs';

/**
 * Counts tests for the last line of `npm test`, `N passed, N failed, N skipped`: prints it, or leaves it to who sums up several
 * runs, in the file that TEST_TOTALS names.
 */
export default class Totals {
  /** A suite that could not even be loaded has no tests to count, but it is a failure. */
  onRunComplete(_contexts, results) {
    const passed = results.numPassedTests;
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const file = process.env.TEST_TOTALS;
    if (file) writeFileSync(file, JSON.stringify({ passed, failed, skipped }));
    // On exit, because Jest's own summary comes after the reporters.
    else process.on('exit', () => process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`));
  }
}
