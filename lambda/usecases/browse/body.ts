import { createHash } from 'node:crypto';
import { BackupError, ErrorName } from '../../contract/errors';
import { sizeOf } from '../../core/browse/listed';
import type { Row, VaultFile } from '../../core/history/row';
import { Crc64Nvme } from '../../core/values/crc64nvme';
import { sha256Hex } from '../../core/values/hash';
import type { ReadOptions } from '../../ports/object-store';
import type { Vault } from '../vault/vault';

/** Bytes that are read at once. */
const CHUNK_BYTES = 8 * 1024 * 1024;

/**
 * The body of a version as it was, in pieces. The last piece comes only when the checksum of the whole is right: of a damaged body
 * some bytes are always missing, and of one up to 8 MiB all.
 */
export async function* readVersionBody(
  vault: Vault,
  row: Row & { readonly file: VaultFile },
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Uint8Array> {
  if (row.sha256 !== undefined) yield await packedBody(vault, row, row.sha256);
  else yield* copiedBody(vault, row, chunkBytes);
}

async function packedBody(vault: Vault, row: Row & { readonly file: VaultFile }, sha256: string): Promise<Uint8Array> {
  const { file, offset = 0, length = 0 } = row;
  const body = length === 0 ? new Uint8Array() : await vault.readPart(file, { offset, length });
  if (!body) throw damaged(row, `${file.name} is missing from the vault or too short`);
  if (sha256Hex(body) !== sha256) throw damaged(row, `in ${file.name} it does not match its recorded SHA-256`);
  return body;
}

async function* copiedBody(
  vault: Vault,
  row: Row & { readonly file: VaultFile },
  chunkBytes: number,
): AsyncGenerator<Uint8Array> {
  const { file } = row;
  const size = sizeOf(row);
  const head = await vault.head(file);
  if (!head) throw damaged(row, `${file.name} is missing from the vault`);
  if (head.size !== size) throw damaged(row, `${file.name} has ${String(head.size)} bytes, expected ${String(size)}`);
  // The version that was looked at: nothing may change while it is read.
  const ref: ReadOptions = { bucket: vault.bucket, key: file.name, versionId: head.versionId, ifMatch: head.etag };
  const read = (offset: number): Promise<Uint8Array> | undefined => {
    if (offset >= size) return undefined;
    const length = Math.min(chunkBytes, size - offset);
    const piece = vault.store.get({ ...ref, range: { offset, length } }).then(({ body }) => body);
    // One that is read ahead may fail before anybody waits for it.
    piece.catch(() => undefined);
    return piece;
  };
  const sum = checksumOf(row);
  let offset = 0;
  let piece = size === 0 ? Promise.resolve(new Uint8Array()) : read(0);
  while (piece) {
    const body = await piece;
    offset += body.byteLength;
    const next = body.byteLength === 0 ? undefined : read(offset);
    sum.update(body);
    if (!next && (offset !== size || sum.digest() !== sum.recorded))
      throw damaged(row, `in ${file.name} it does not match its recorded ${sum.algorithm}`);
    yield body;
    piece = next;
  }
}

interface Sum {
  readonly algorithm: string;
  readonly recorded: string;
  update(piece: Uint8Array): unknown;
  digest(): string;
}

function checksumOf(row: Row & { readonly file: VaultFile }): Sum {
  const [algorithm = '', recorded = ''] = row.file.checksum.split(':');
  // A checksum of checksums of parts is none of the body.
  const sum = recorded.includes('-') ? undefined : sumOf(algorithm);
  if (!sum)
    throw damaged(row, `${row.file.name} has the checksum "${row.file.checksum}", which this release cannot compute`);
  return { algorithm, recorded, ...sum };
}

function sumOf(algorithm: string): Pick<Sum, 'update' | 'digest'> | undefined {
  if (algorithm === 'SHA256' || algorithm === 'SHA1') {
    const hash = createHash(algorithm.toLowerCase());
    return { update: (piece) => hash.update(piece), digest: () => hash.digest('base64') };
  }
  if (algorithm !== 'CRC64NVME') return undefined;
  const crc = new Crc64Nvme();
  return { update: (piece) => crc.update(piece), digest: () => crc.digest() };
}

const damaged = (row: Row, why: string): BackupError =>
  new BackupError(
    ErrorName.vaultDamaged,
    `the body of version ${row.versionId} of "${row.key}" is damaged: ${why}; restore an earlier version of that vault object`,
  );
