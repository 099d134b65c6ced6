import { packKey } from '../../contract/layout';
import type { PackBuilder } from '../../core/history/files/pack';
import type { VaultFile } from '../../core/history/row';
import type { Vault } from '../vault/vault';

/** Stores a pack under its job and content. */
export async function writePack(
  vault: Vault,
  { jobId, seq }: { readonly jobId: string; readonly seq: number },
  pack: PackBuilder,
): Promise<VaultFile> {
  const { bytes, sha256 } = pack.finish();
  const name = packKey(jobId, sha256);
  const { versionId } = await vault.create(name, bytes);
  const checksum = `SHA256:${Buffer.from(sha256, 'hex').toString('base64')}`;
  return { name, versionId, checksum, bytes: bytes.byteLength, commit: seq };
}
