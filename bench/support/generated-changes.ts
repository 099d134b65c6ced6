import type { Row } from '../../lambda/core/history/row';
import { sha256Hex } from '../../lambda/core/values/hash';
import type { ChangeLog } from '../../lambda/ports/change-log';
import { bodyOf, etagOf, keyOf, STEP, versionId } from './generated-bucket';

/** Changes of a generated bucket in the hour after an instant, as the capture logs them. */
export interface Changes {
  readonly objects: number;
  readonly changes: number;
  readonly from: number;
  /** Tells the versions of one hour from those of another. @default 0 */
  readonly hour?: number;
}

const SPAN = 3_000;
const CHUNK = 1_000;
/** A change is logged so long after it was made. */
const LAG = 2;
const PACK_ROWS = 100;

/** Of ten changes six are new versions, one a delete marker, one a version deleted for good, and two other tags. */
const KINDS = ['put', 'put', 'state', 'put', 'marker', 'put', 'put', 'state', 'removed', 'put'] as const;

/** A change log whose rows are a formula. */
export class GeneratedChangeLog implements ChangeLog {
  constructor(private readonly facts: Changes) {}

  append(): Promise<void> {
    return Promise.resolve();
  }

  async *read(_: string, from: number, to: number): AsyncGenerator<Row[]> {
    const { changes } = this.facts;
    for (let first = 0; first < changes; first += CHUNK) {
      const rows: Row[] = [];
      for (let i = first; i < Math.min(first + CHUNK, changes); i++) {
        const writtenAt = changeTime(this.facts, i) + LAG;
        if (writtenAt >= from && writtenAt < to) rows.push(changeRow(this.facts, i));
      }
      if (rows.length > 0) yield await Promise.resolve(rows);
    }
  }
}

const changeTime = ({ changes, from }: Changes, i: number): number => Math.floor(from + 1 + (i * SPAN) / changes);

/** The i-th change, as the capture logs it. */
export function changeRow(facts: Changes, i: number): Row {
  const n = ((i + (facts.hour ?? 0) * facts.changes) * STEP) % facts.objects;
  const time = changeTime(facts, i);
  const key = keyOf(n);
  const kind = KINDS[i % KINDS.length] ?? 'put';
  const known = { key, versionId: versionId(n, 1), source: 'event' } as const;
  const sequencer = (0x66f0_0000_0000 + i).toString(16).toUpperCase().padStart(18, '0');
  if (kind === 'removed') return { ...known, kind, lastModified: 0, removedAfter: time - 1, removedBefore: time };
  if (kind === 'state')
    return {
      ...known,
      kind,
      lastModified: 0,
      tags: '[["state","reviewed"]]',
      effectiveFrom: time,
      observedAt: time + 1,
    };
  const fresh = {
    ...known,
    versionId: versionId(n, 100 + i + (facts.hour ?? 0) * facts.changes),
    lastModified: time,
    sequencer,
  };
  if (kind === 'marker') return { ...fresh, kind };
  const body = bodyOf(n, i);
  const pack = Math.floor(i / PACK_ROWS);
  return {
    ...fresh,
    kind,
    size: body.length,
    etag: etagOf(body),
    storageClass: 'STANDARD',
    checksumAlgorithm: 'CRC64NVME',
    checksum: etagOf(body).slice(0, 11) + '=',
    sha256: sha256Hex(body),
    headers: '[["content-type","application/json"]]',
    userMetadata: '[]',
    tags: '[]',
    readAt: time + 1,
    offset: (i % PACK_ROWS) * body.length,
    length: body.length,
    file: {
      name: `packs/${sha256Hex(String(pack)).slice(0, 2)}/capture-2026-11-25/${sha256Hex(String(pack))}`,
      versionId: versionId(pack, 7),
      checksum: `SHA256:${Buffer.from(sha256Hex(String(pack)), 'hex').toString('base64')}`,
      bytes: body.length * PACK_ROWS,
      commit: 0,
    },
  };
}
