/**
 * What a bucket holds, as a comparison needs it: of every key all versions, oldest first. Knows nothing of the product:
 * one history is noted down while a bucket is written, another one is read from S3, and the two are compared.
 */
export interface BodyState {
  readonly kind: 'body';
  readonly versionId: string;
  readonly size: number;
  readonly sha256: string;
  /** Lower-case names of the headers that S3 keeps. */
  readonly headers: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
  /** `<permission> <grantee>`, sorted. */
  readonly grants: readonly string[];
  /** Algorithm of S3's checksum; with `of parts` behind it if it is none of the full object. */
  readonly checksum: string;
}

/** From the fields of an answer of the SDK. */
export function checksumOf(answer: object): string {
  const [[name, value] = ['Checksum', '']] = Object.entries(answer).filter(
    ([field, text]) => /^Checksum(?!Type)/.test(field) && typeof text === 'string',
  );
  return `${name.slice('Checksum'.length)}${String(value).includes('-') ? OF_PARTS : ''}`;
}
export const OF_PARTS = ' of parts';
export interface MarkerState {
  readonly kind: 'marker';
  readonly versionId: string;
}
export type VersionState = BodyState | MarkerState;

/** Keys in any order; versions of a key oldest first. */
export type BucketHistory = ReadonlyMap<string, readonly VersionState[]>;

const select = (
  history: BucketHistory,
  choose: (versions: readonly VersionState[], key: string) => readonly VersionState[],
): BucketHistory =>
  new Map(
    [...history].map(([key, all]) => [key, choose(all, key)] as const).filter(([, versions]) => versions.length > 0),
  );

/** The current object of every key that has one. */
export const currentOf = (history: BucketHistory): BucketHistory =>
  select(history, (versions) => versions.slice(-1).filter(({ kind }) => kind === 'body'));

/**
 * What a restore of all versions brings back: delete markers that are older than a key's first body mark nothing, and keys
 * without any body are left out.
 */
export const restorableOf = (history: BucketHistory): BucketHistory =>
  select(history, (versions) => {
    const first = versions.findIndex(({ kind }) => kind === 'body');
    return first < 0 ? [] : versions.slice(first);
  });

export const under = (history: BucketHistory, prefix: string): BucketHistory =>
  select(history, (versions, key) => (key.startsWith(prefix) ? versions : []));

export const outside = (history: BucketHistory, prefix: string): BucketHistory =>
  select(history, (versions, key) => (key.startsWith(prefix) ? [] : versions));

/** The same under other keys, as a destination prefix makes them. */
export const moved = (history: BucketHistory, prefix: string): BucketHistory =>
  new Map([...history].map(([key, versions]) => [prefix + key, versions]));

export const bodiesOf = (history: BucketHistory): BodyState[] =>
  [...history.values()].flat().filter((version) => version.kind === 'body');

export const markersOf = (history: BucketHistory): MarkerState[] =>
  [...history.values()].flat().filter((version) => version.kind === 'marker');

export const bytesOf = (history: BucketHistory): number => bodiesOf(history).reduce((sum, { size }) => sum + size, 0);

/** Bodies of `after` that `before` did not have: what an incremental backup has to store. */
export function newBodies(before: BucketHistory, after: BucketHistory): BodyState[] {
  // A null version can be replaced in place: its content tells the two apart.
  const identity = (key: string, body: BodyState): string => JSON.stringify([key, body.versionId, body.sha256]);
  const all = (history: BucketHistory): (readonly [string, BodyState])[] =>
    [...history].flatMap(([key, versions]) =>
      versions.flatMap((version) => (version.kind === 'body' ? [[identity(key, version), version] as const] : [])),
    );
  const known = new Set(all(before).map(([name]) => name));
  return all(after)
    .filter(([name]) => !known.has(name))
    .map(([, body]) => body);
}
