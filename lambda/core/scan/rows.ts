import { isMultipart } from '../history/arrival';
import { Row } from '../history/row';

/** The part of a listed version that rows need (ports/object-store has the whole). */
export interface Listed {
  readonly key: string;
  readonly versionId: string;
  readonly isMarker: boolean;
  readonly lastModified: number;
  readonly etag?: string;
  readonly size?: number;
  readonly storageClass?: string;
  readonly checksumAlgorithm?: string;
}

/**
 * Turns a listing, in S3's order, into rows: links versions of one second to the next older one, leaves out what is newer than
 * `asOf` (it waits for the next job), and keeps only the newest version of each key for CURRENT. State goes on over pages and
 * turns, so the row that a link still misses is held back until its successor is known.
 */
export class ScanRows {
  private held: Listed | undefined;
  private last: Listed | undefined;
  private links: string[] = [];

  /** `currentKey` is the key whose current version was seen already, when a scan goes on. */
  constructor(
    private readonly facts: { versions: 'ALL' | 'CURRENT'; asOf: number; previousAsOf: number; observedAt: number },
    private currentKey?: string,
  ) {}

  get key(): string | undefined {
    return this.currentKey;
  }

  /** Whether the row that is held back came before the last one that was added: then a turn goes on from before it. */
  get holdsEarlier(): boolean {
    return this.held !== undefined && this.held !== this.last;
  }

  /** Takes the next listed version; answers the row before it, if that is wanted and complete. */
  add(next: Listed): Row | undefined {
    this.last = next;
    const tied = this.held?.key === next.key && this.held.lastModified === next.lastModified;
    if (tied) this.links.push(next.versionId);
    // All links of a current version are collected: only they tell which of its second are still there.
    if (tied && this.facts.versions === 'CURRENT') return undefined;
    const row = this.end();
    if (next.lastModified <= this.facts.asOf && next.key !== this.currentKey) this.held = next;
    return row;
  }

  /** The row that is held back, once the listing has ended. */
  end(): Row | undefined {
    const listed = this.held;
    const links = this.links;
    this.held = undefined;
    this.links = [];
    if (!listed) return undefined;
    if (this.facts.versions === 'CURRENT') this.currentKey = listed.key;
    return toRow(listed, links.length > 0 ? links.join(',') : undefined, this.facts);
  }
}

function toRow(
  listed: Listed,
  newerThan: string | undefined,
  facts: { asOf: number; previousAsOf: number; observedAt: number },
): Row {
  return {
    key: listed.key,
    versionId: listed.versionId,
    kind: listed.isMarker ? 'marker' : 'put',
    lastModified: listed.lastModified,
    newerThan,
    ...multipartVisibility(listed, facts),
    size: listed.size,
    etag: listed.etag,
    storageClass: listed.storageClass,
    checksumAlgorithm: listed.checksumAlgorithm,
    observedAt: facts.observedAt,
    source: 'listing',
  };
}

/** A multipart upload is dated by its start; all that is known of its end is that it lies between two scans. */
export function multipartVisibility(
  { etag, lastModified }: Pick<Row, 'etag' | 'lastModified'>,
  facts: { asOf: number; previousAsOf: number; observedAt: number },
): Pick<Row, 'visibleFrom' | 'visibleBefore'> {
  if (!isMultipart({ etag })) return {};
  return {
    visibleFrom: Math.max(lastModified, Math.min(facts.previousAsOf, facts.asOf)),
    visibleBefore: Math.max(facts.observedAt, lastModified),
  };
}
