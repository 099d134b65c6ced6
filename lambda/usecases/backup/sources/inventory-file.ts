import { createHash } from 'node:crypto';
import { BackupError } from '../../../contract/errors';
import type { Row } from '../../../core/history/row';
import { csvRecords } from '../../../core/inventory/csv';
import {
  type InventoryColumn,
  InventoryFile,
  inventoryInvalid,
  InventoryManifest,
} from '../../../core/inventory/manifest';
import { parquetRecords } from '../../../core/inventory/parquet';
import { InventoryFacts, InventoryRecord, inventoryRow, RecordProblem } from '../../../core/inventory/row';
import { isStoreError, StoreError } from '../../../ports/object-store';
import type { Scratch } from '../../work/turns';

/** Data files may be larger than a worker's memory: they are read in pieces. */
const PIECE_BYTES = 8 * 1024 * 1024;
/** What a row is made of; other columns of a Parquet file are not read. */
const COLUMNS: ReadonlySet<string> = new Set<InventoryColumn>([
  'Bucket',
  'Key',
  'VersionId',
  'IsDeleteMarker',
  'Size',
  'LastModifiedDate',
  'ETag',
  'StorageClass',
  'ChecksumAlgorithm',
  'ObjectAccessControlList',
  'ObjectOwner',
]);

/** Which object a data file was when it was first read: a turn that goes on in the middle has to read the same one. */
export interface SeenFile {
  etag?: string;
}

/**
 * Rows of one data file of a report, in the file's order. After the last one the whole file has been checked against the manifest's
 * MD5. Throws `InventoryInvalid` for a file that is broken in any way; what was read of it must then not be used.
 */
export async function* readInventoryFile(
  scratch: Scratch,
  { format, columns }: InventoryManifest,
  file: InventoryFile,
  facts: InventoryFacts,
  seen: SeenFile = {},
): AsyncGenerator<Row[]> {
  const pieces = new FilePieces(scratch, file, seen);
  let record = 0;
  try {
    const batches = format === 'CSV' ? csvRecords(pieces.all(), columns) : parquet(pieces);
    for await (const batch of batches) {
      const rows: Row[] = [];
      for (const value of batch) {
        record++;
        rows.push(inventoryRow(value, facts));
      }
      yield rows;
    }
  } catch (error) {
    // A file that is not the one of the manifest explains everything else.
    await pieces.check();
    throw explain(error, file, record);
  }
  await pieces.check();
}

async function* parquet(pieces: FilePieces): AsyncGenerator<InventoryRecord[]> {
  await pieces.check();
  yield* parquetRecords(pieces.buffer(), COLUMNS);
}

const nameOf = (file: InventoryFile): string => `data file ${file.key} of the inventory`;

function explain(error: unknown, file: InventoryFile, record: number): unknown {
  if (error instanceof BackupError || error instanceof StoreError) return error;
  if (error instanceof RecordProblem)
    return inventoryInvalid(`record ${String(record)} of ${nameOf(file)}`, error.message, error);
  return inventoryInvalid(nameOf(file), 'is not readable', error);
}

/** Reads a data file piece by piece, always the same object, and checks its size and MD5. */
class FilePieces {
  private readonly hash = createHash('md5');
  private hashed = 0;
  constructor(
    private readonly scratch: Scratch,
    private readonly file: InventoryFile,
    private readonly seen: SeenFile,
  ) {}

  async *all(): AsyncGenerator<Uint8Array> {
    while (this.hashed < this.file.size) yield await this.nextPiece();
  }

  /** Reads what is left of the file, and throws unless it is the one of the manifest. */
  async check(): Promise<void> {
    while (this.hashed < this.file.size) await this.nextPiece();
    if (this.hash.copy().digest('hex') !== this.file.md5)
      throw inventoryInvalid(nameOf(this.file), 'does not match the MD5 in the manifest');
  }

  buffer(): { byteLength: number; slice: (start: number, end?: number) => Promise<ArrayBuffer> } {
    const byteLength = this.file.size;
    return {
      byteLength,
      slice: async (start, end = byteLength) => {
        const { buffer, byteOffset, byteLength: length } = await this.read(start, end - start);
        return buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer;
      },
    };
  }

  private async nextPiece(): Promise<Uint8Array> {
    const piece = await this.read(this.hashed, Math.min(PIECE_BYTES, this.file.size - this.hashed));
    this.hash.update(piece);
    this.hashed += piece.byteLength;
    return piece;
  }

  private async read(offset: number, length: number): Promise<Uint8Array> {
    const { store, bucket } = this.scratch;
    try {
      const range = { offset, length };
      const { body, etag, size } = await store.get({ bucket, key: this.file.key, range, ifMatch: this.seen.etag });
      if (size !== this.file.size)
        throw inventoryInvalid(
          nameOf(this.file),
          `has ${String(size)} bytes, expected ${String(this.file.size)} as in the manifest`,
        );
      this.seen.etag = etag;
      return body;
    } catch (error) {
      if (isStoreError(error, 'precondition-failed'))
        throw inventoryInvalid(nameOf(this.file), 'changed while it was read', error);
      if (isStoreError(error, 'not-found', 'delete-marker'))
        throw inventoryInvalid(nameOf(this.file), 'is missing', error);
      if (isStoreError(error, 'invalid'))
        throw inventoryInvalid(
          nameOf(this.file),
          `is shorter than the ${String(this.file.size)} bytes of the manifest`,
          error,
        );
      throw error;
    }
  }
}
