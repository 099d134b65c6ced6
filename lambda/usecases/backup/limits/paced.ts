import type { ObjectStore } from '../../../ports/object-store';
import type { Pace } from '../../../ports/runtime';
import type { BackupPorts } from '../../context';

/**
 * A worker's share of the requests that a job may make to the protected bucket each second: that of all workers which run at a
 * time, in equal parts. Undefined: no limit.
 */
export const shareOfRate = ({ maxSourceRequestsPerSecond, maxConcurrency }: BackupPorts['settings'], units: number) =>
  maxSourceRequestsPerSecond === undefined
    ? undefined
    : maxSourceRequestsPerSecond / Math.max(1, Math.min(units, maxConcurrency));

/** The ports of a worker that keeps to its share. A copy into the vault is a request to both buckets. */
export function pacedPorts(ports: BackupPorts, perSecond: number | undefined): BackupPorts {
  if (perSecond === undefined) return ports;
  const pace = ports.pace(perSecond);
  return {
    ...ports,
    source: paced(ports.source, pace, [
      'listVersions',
      'listObjects',
      'head',
      'get',
      'getTags',
      'getAcl',
      'readTags',
      'readAcl',
    ]),
    vault: ports.vault.withStore(paced(ports.vault.store, pace, ['copy', 'copyPart'])),
  };
}

function paced<Store extends ObjectStore>(store: Store, pace: Pace, operations: readonly (keyof ObjectStore)[]): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const member = Reflect.get(target, name, target) as unknown;
      if (typeof member !== 'function') return member;
      const call = member.bind(target) as (...args: unknown[]) => unknown;
      if (!(operations as readonly (string | symbol)[]).includes(name)) return call;
      return async (...args: unknown[]) => {
        await pace.turn();
        return call(...args);
      };
    },
  });
}
