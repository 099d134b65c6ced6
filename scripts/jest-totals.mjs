/** Ends the output of `npm test` with one line that people and scripts can read: `N passed, N failed, N skipped`. */
export default class Totals {
  /** A suite that could not even be loaded has no tests to count, but it is a failure. */
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    // On exit, because Jest's own summary comes after the reporters.
    process.on('exit', () => {
      process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`);
    });
  }
}
