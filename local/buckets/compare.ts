import { bodiesOf, bytesOf, markersOf, OF_PARTS, type BucketHistory, type VersionState } from './history';

/** Outcome of a comparison: what was compared, and every difference in words. */
export interface Comparison {
  readonly keys: number;
  readonly versions: number;
  readonly markers: number;
  readonly bytes: number;
  readonly headers: number;
  readonly tags: number;
  readonly grants: number;
  readonly differences: readonly string[];
}

export interface CompareOptions {
  /** Whether version IDs have to be the same too: so in a bucket that nobody restored to. @default false */
  readonly versionIds?: boolean;
}

/** Compares two histories: keys, versions and delete markers in order, bytes, headers, metadata, tags, grants and checksum algorithms. */
export function compareBuckets(
  expected: BucketHistory,
  actual: BucketHistory,
  options: CompareOptions = {},
): Comparison {
  const differences: string[] = [];
  for (const [key, versions] of expected)
    differences.push(...compareKey(key, versions, actual.get(key) ?? [], options));
  for (const [key, versions] of actual) {
    if (!expected.has(key)) differences.push(`${shown(key)}: not expected, got ${describe(versions)}`);
  }
  const bodies = bodiesOf(expected);
  const count = (of: (body: (typeof bodies)[number]) => number): number =>
    bodies.reduce((sum, body) => sum + of(body), 0);
  return {
    keys: expected.size,
    versions: bodies.length,
    markers: markersOf(expected).length,
    bytes: bytesOf(expected),
    headers: count((body) => Object.keys(body.headers).length + Object.keys(body.metadata).length),
    tags: count((body) => Object.keys(body.tags).length),
    grants: count((body) => body.grants.length),
    differences,
  };
}

function compareKey(
  key: string,
  expected: readonly VersionState[],
  actual: readonly VersionState[],
  { versionIds = false }: CompareOptions,
): string[] {
  if (actual.length !== expected.length || expected.some((version, index) => version.kind !== actual[index]?.kind))
    return [`${shown(key)}: expected ${describe(expected)}, got ${describe(actual)}`];
  return expected.flatMap((version, index) => {
    const found = new Map(facts(actual[index], versionIds));
    return facts(version, versionIds)
      .filter(([name, fact]) => fact !== found.get(name) && !isWholeInstead(name, fact, found.get(name)))
      .map(
        ([name, fact]) =>
          `${shown(key)}, version ${index + 1} of ${expected.length}: ${name}: expected ${fact}, got ${found.get(name) ?? 'none'}`,
      );
  });
}

const CHECKSUM = 'checksum';
/** A checksum of the parts of an upload comes back as one of the full object. */
const isWholeInstead = (name: string, expected: string, found: string | undefined): boolean =>
  name === CHECKSUM && expected.endsWith(OF_PARTS) && found === 'CRC64NVME';

/** What a version is compared by, as texts. */
function facts(version: VersionState | undefined, versionIds: boolean): [name: string, fact: string][] {
  if (!version) return [];
  const id: [string, string][] = versionIds ? [['version ID', version.versionId]] : [];
  if (version.kind === 'marker') return id;
  const { size, sha256, headers, metadata, tags, grants, checksum } = version;
  return [
    ...id,
    ['size', String(size)],
    ['SHA-256', sha256],
    ['headers', sorted(headers)],
    ['metadata', sorted(metadata)],
    ['tags', sorted(tags)],
    ['grants', shown([...grants].sort())],
    [CHECKSUM, checksum],
  ];
}

const sorted = (record: Readonly<Record<string, string>>): string =>
  shown(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));

const shown = (value: unknown): string => JSON.stringify(value);

const describe = (versions: readonly VersionState[]): string =>
  versions.length === 0 ? 'nothing' : versions.map(({ kind }) => kind).join(', ');
