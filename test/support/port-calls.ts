import type { Rig } from '../scenarios/support/rig';

/**
 * Acts at the n-th call of any port that a job uses: S3, catalog, events, executions. Answers how many calls there were
 * when it is told to stop.
 */
export function atPortCall(
  rig: Rig,
  n: number,
  act: () => unknown,
  when: 'beforeCall' | 'afterCall' = 'beforeCall',
): () => number {
  let calls = 0;
  let on = true;
  const hook = async (): Promise<void> => {
    if (on && ++calls === n) await act();
  };
  for (const store of rig.stores) store.calls[when] = hook;
  const { catalog, events, executions, buckets } = rig.ports;
  const watched = <T extends object>(port: T): T =>
    new Proxy(port, {
      get: (target, name) => {
        const value = Reflect.get(target, name) as unknown;
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (when === 'beforeCall') await hook();
          const answer: unknown = await Reflect.apply(value, target, args);
          if (when === 'afterCall') await hook();
          return answer;
        };
      },
    });
  Object.assign(rig.ports, {
    catalog: watched(catalog),
    events: watched(events),
    executions: watched(executions),
    buckets: watched(buckets),
  });
  return () => {
    on = false;
    for (const store of rig.stores) store.calls[when] = undefined;
    Object.assign(rig.ports, { catalog, events, executions, buckets });
    return calls;
  };
}
