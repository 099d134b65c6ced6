import { vaultDamaged } from '../../../contract/errors';
import type { Row, VaultFile } from '../row';

/**
 * The file table of a segment: the vault objects that its rows point to, in the order of the numbers in its rows. Garbage
 * collection, lock extension, copy and verification read file tables only. JSON lines, one file a line.
 */
export interface FileTableEntry extends VaultFile {
  readonly liveRows: number;
  readonly liveBytes: number;
  /** Until when the lock of the object holds, ISO 8601; absent without a lock. */
  readonly retainUntil?: string;
}

/** Collects the files of a segment's rows and gives each its number. */
export class FileTableBuilder {
  private readonly numbers = new Map<string, number>();
  private readonly entries: FileTableEntry[] = [];

  add(row: Row): number | undefined {
    if (!row.file) return undefined;
    const { name, versionId, checksum, bytes, commit } = row.file;
    const id = `${name}\u0000${versionId ?? ''}`;
    const number = this.numbers.get(id) ?? this.entries.length;
    const known = this.entries[number];
    this.numbers.set(id, number);
    this.entries[number] = {
      name,
      versionId,
      checksum,
      bytes,
      commit,
      liveRows: (known?.liveRows ?? 0) + 1,
      liveBytes: (known?.liveBytes ?? 0) + (row.length ?? 0),
    };
    return number;
  }

  encode(): Uint8Array {
    return Buffer.from(this.entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), 'utf8');
  }
}

export function decodeFileTable(bytes: Uint8Array, name?: string): readonly FileTableEntry[] {
  try {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as FileTableEntry);
  } catch (cause) {
    throw vaultDamaged(name === undefined ? 'a file table' : `file table ${name}`, 'is not readable', cause);
  }
}
