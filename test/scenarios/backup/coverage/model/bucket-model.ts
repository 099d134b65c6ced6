import type { MemoryS3, MemoryVersion } from '../../../../../lambda/adapters/memory';
import { decodeAcl, encodeAcl, encodeTags } from '../../../../../lambda/core/objects/canonical';

/** A version or delete marker as it was at a second. */
export interface Held {
  readonly version: MemoryVersion;
  readonly tags: string;
  readonly readers: string;
  /** Since when it has had these tags and this ACL. */
  readonly since: number;
}

/** What each key of a bucket had in each second, newest version first. */
export class BucketModel {
  private readonly states = new Map<string, { readonly second: number; readonly held: readonly Held[] }[]>();

  constructor(
    private readonly s3: MemoryS3,
    private readonly bucket: string,
  ) {}

  get keys(): ReadonlySet<string> {
    return new Set(this.states.keys());
  }

  note(key: string): void {
    const second = this.s3.now;
    const known = this.states.get(key) ?? [];
    const before = new Map(known.at(-1)?.held.map((one) => [one.version, one]));
    const held = this.s3.history(this.bucket, key).map((version): Held => {
      const now = {
        version,
        tags: encodeTags(version.tags),
        readers: readersOf(version.acl && encodeAcl(version.acl)),
      };
      const old = before.get(version);
      return { ...now, since: old?.tags === now.tags && old.readers === now.readers ? old.since : second };
    });
    if (known.at(-1)?.second === second) known.pop();
    known.push({ second, held });
    this.states.set(key, known);
  }

  /** What it had before and after a second. */
  linesOf(key: string, second: number): string {
    const states = this.states.get(key) ?? [];
    const place = states.findLastIndex((one) => one.second <= second);
    return states
      .slice(Math.max(0, place - 3), place + 4)
      .map(({ second: since, held }) => {
        const versions = held.slice(0, 4).map(({ version }) => {
          const { isMarker, versionId, lastModified, etag } = version;
          return `${isMarker ? 'marker ' : ''}${versionId.replace(/_+$/, '')} ${String(lastModified)} ${etag.slice(-8)}`;
        });
        return `${String(since)}: ${versions.join(', ')}`;
      })
      .join('\n');
  }

  at(key: string, second: number): readonly Held[] {
    return this.states.get(key)?.findLast((one) => one.second <= second)?.held ?? [];
  }
}

/** Grants to others, which are what clients of the model change. */
export const readersOf = (acl: string | undefined): string =>
  acl === undefined ? '[]' : JSON.stringify(decodeAcl(acl).grants.filter(({ permission }) => permission === 'READ'));
