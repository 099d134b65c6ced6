/**
 * Runs tasks in order with bounded concurrency. `mayStart` is asked before each: once it says no, nothing more is started.
 * Answers the results of the tasks that were started, which are always the first ones. The first failure ends the pool
 * when the tasks under way have ended.
 */
export async function runInOrder<Task, Result>(
  tasks: readonly Task[],
  concurrency: number,
  mayStart: (index: number) => boolean,
  run: (task: Task, index: number) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const failures: unknown[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < tasks.length && failures.length === 0 && mayStart(next)) {
      const index = next++;
      try {
        results[index] = await run(tasks[index] as Task, index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, worker));
  if (failures.length > 0) throw failures[0];
  return results;
}
