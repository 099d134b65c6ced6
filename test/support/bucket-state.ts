import type { MemoryS3, MemoryVersion } from '../../lambda/adapters/memory';
import { compareKeys } from '../../lambda/core/keys/order';
import { sha256Hex } from '../../lambda/core/values/hash';

/** What a restore must bring back of a version; S3 gives new IDs and dates. */
export interface VersionState {
  readonly marker?: true;
  readonly body?: string;
  readonly headers?: unknown;
  readonly metadata?: unknown;
  readonly tags?: unknown;
  readonly grants?: unknown;
}

export function stateOf(version: MemoryVersion): VersionState {
  if (version.isMarker) return { marker: true };
  const sorted = (record: object): [string, unknown][] => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    body: version.body.length < 100 ? Buffer.from(version.body).toString('latin1') : sha256Hex(version.body),
    headers: sorted({ 'content-type': 'binary/octet-stream', ...version.headers }),
    metadata: sorted(version.userMetadata),
    tags: sorted(version.tags),
    grants: (version.acl?.grants ?? []).map((grant) => JSON.stringify(grant)).sort(),
  };
}

/** Versions of every key, oldest first, without delete markers that are older than the first body. */
export function historyOf(s3: MemoryS3, bucket: string, prefix = ''): Map<string, VersionState[]> {
  const state = new Map<string, VersionState[]>();
  for (const version of s3.versions(bucket, prefix)) {
    const own = state.get(version.key) ?? [];
    state.set(version.key, [stateOf(version), ...own]);
  }
  for (const [key, versions] of state) {
    const firstBody = versions.findIndex((version) => !version.marker);
    if (firstBody < 0) state.delete(key);
    else state.set(key, versions.slice(firstBody));
  }
  return new Map([...state].sort(([a], [b]) => compareKeys(a, b)));
}

/** The current object of every key that has one. */
export function currentOf(s3: MemoryS3, bucket: string, prefix = ''): Map<string, VersionState> {
  return new Map(s3.keys(bucket, prefix).map((key) => [key.slice(prefix.length), stateOf(s3.find(bucket, key))]));
}
