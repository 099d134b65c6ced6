/** Runs a script: a failure is one readable line and exit code 1, not a stack trace. */
export function runMain(script: () => Promise<void>): void {
  script().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  });
}
