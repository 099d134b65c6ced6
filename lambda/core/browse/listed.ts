import { NOT_STORED, Row } from '../history/row';
import { countedDoubts, type Doubt, type KeyView, type VersionView, type ViewOptions } from '../history/view';

/** Doubts that may mean that a key had no object then, or another one. */
const OF_PRESENCE: ReadonlySet<string> = new Set<Doubt>([
  'removal',
  'visibility',
  'same-second',
  'marker-date',
  'unknown-version',
]);

/** Why what a listing says of a key may be wrong. That a body is missing is no doubt about its listing. */
export const listingDoubts = (view: KeyView): string[] =>
  view.currentUncertain.filter((doubt) => doubt !== ('not-stored' satisfies Doubt));

export const isPresenceInDoubt = (doubts: readonly string[]): boolean => doubts.some((one) => OF_PRESENCE.has(one));

/** The same of one version. The view of a commit counts what it shows as its scan found it, as far as there was one. */
export const versionDoubts = ({ doubts }: VersionView, options: ViewOptions): string[] =>
  doubts.filter((doubt) => doubt !== 'not-stored' && (countedDoubts(options)?.includes(doubt) ?? true));

/** Why the vault has no body of a version; undefined where it has one, and of delete markers. */
export function notStored(row: Row): string | undefined {
  if (row.kind !== 'put' || row.file) return undefined;
  return row.uncertain?.startsWith(NOT_STORED) ? row.uncertain.slice(NOT_STORED.length) : 'unknown';
}

export const sizeOf = (row: Row): number => row.size ?? row.length ?? 0;

/** The version that is the object of a key: none where a delete marker is current. */
export function objectOf(view: KeyView | undefined): VersionView | undefined {
  const current = view?.versions[0];
  return current?.row.kind === 'put' ? current : undefined;
}
