import type { MemoryVersion } from '../../../../../lambda/adapters/memory';
import type { Doubt } from '../../../../../lambda/core/history/view';

/** What may be in doubt, and why: whatever else is in doubt has no reason. */
export class Reasons {
  /** Versions that somebody could read for the vault. */
  readonly stored = new Set<MemoryVersion>();
  /** When a capture stored a version: a commit takes it in some minutes later. */
  readonly captured = new Map<MemoryVersion, number>();
  private readonly ofKeys = new Map<string, Set<Doubt>>();

  add(key: string, ...doubts: readonly Doubt[]): void {
    this.ofKeys.set(key, new Set([...(this.ofKeys.get(key) ?? []), ...doubts]));
  }

  /** Doubts about the versions of a key that nothing explains. A body is missing for reasons of its own. */
  unexplained(key: string, doubts: readonly string[]): string[] {
    const known: ReadonlySet<string> = this.ofKeys.get(key) ?? new Set();
    return doubts.filter((doubt) => doubt !== 'not-stored' && !known.has(doubt));
  }
}

/** Whether its body can be read now. */
export const isReadable = (version: MemoryVersion): boolean =>
  !version.isMarker && version.refusedBy === undefined && lastingReason(version) === undefined;

/** Why nobody but the client will ever read its body. */
export function lastingReason({ sseC, archived, missingMetadata }: MemoryVersion): string | undefined {
  if (archived) return 'archived';
  if (sseC) return 'sse-c';
  return missingMetadata > 0 ? 'unreadable' : undefined;
}
