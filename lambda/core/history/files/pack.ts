import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { BackupError, vaultDamaged } from '../../../contract/errors';
import { sha256Hex } from '../../values/hash';
import type { Row } from '../row';

/**
 * A pack: the bodies of many small objects back to back, then a footer with the full row of each (zstd, JSON lines), the
 * footer's length (4 bytes, little endian) and a magic. Readable from its tail without any index.
 */
const MAGIC = Buffer.from('S3PACK1\n', 'latin1');
const TAIL_BYTES = 4 + MAGIC.length;

/** Packs are built in memory: large enough that PUTs cost nothing beside the GETs, small enough for a worker. */
export const PACK_BYTES = 32 * 1024 * 1024;

export class PackBuilder {
  private readonly bodies: Uint8Array[] = [];
  private readonly rows: Row[] = [];
  private offset = 0;

  get bytes(): number {
    return this.offset;
  }
  get isEmpty(): boolean {
    return this.rows.length === 0;
  }

  /** Adds a body; the answer is its row with its place in the pack. */
  add(row: Row, body: Uint8Array): Row {
    const placed: Row = { ...row, offset: this.offset, length: body.byteLength };
    this.bodies.push(body);
    this.rows.push(placed);
    this.offset += body.byteLength;
    return placed;
  }

  finish(): { bytes: Uint8Array; sha256: string } {
    const footer = zstdCompressSync(Buffer.from(this.rows.map((row) => `${JSON.stringify(row)}\n`).join(''), 'utf8'));
    const length = Buffer.alloc(4);
    length.writeUInt32LE(footer.byteLength);
    const bytes = Buffer.concat([...this.bodies, footer, length, MAGIC]);
    return { bytes, sha256: sha256Hex(bytes) };
  }
}

/** Rows of a whole pack, with their places in it. Throws `VaultDamaged` when the bytes are not a pack. */
export function readPackFooter(pack: Uint8Array): readonly Row[] {
  const buffer = Buffer.from(pack.buffer, pack.byteOffset, pack.byteLength);
  const footerEnd = buffer.byteLength - TAIL_BYTES;
  if (footerEnd < 0 || !buffer.subarray(footerEnd + 4).equals(MAGIC)) throw damaged();
  const footerStart = footerEnd - buffer.readUInt32LE(footerEnd);
  if (footerStart < 0) throw damaged();
  try {
    const text = zstdDecompressSync(buffer.subarray(footerStart, footerEnd)).toString('utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  } catch (cause) {
    throw damaged(cause);
  }
}

const damaged = (cause?: unknown): BackupError => vaultDamaged('a pack', 'is not readable', cause);
