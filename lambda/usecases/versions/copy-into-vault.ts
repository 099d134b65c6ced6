import type { VaultFile } from '../../core/history/row';
import { agrees, checksumText, isComposite, type WantedChecksum } from '../../core/objects/checksums';
import type { Checksum } from '../../core/objects/properties';
import { isStoreError, ReadOptions, StoreError, Written } from '../../ports/object-store';
import type { Deadline } from '../../ports/runtime';
import type { Vault } from '../vault/vault';
import { hashByReading } from './checksums';
import { isSingleCopy, ServerCopied, ServerCopy } from './server-copy';

export interface CopyPorts {
  readonly vault: Vault;
  readonly deadline: Deadline;
  readonly settings: { readonly copyPartSize: number };
}

type Copied =
  | { readonly done: true; readonly file: Omit<VaultFile, 'commit'> }
  | { readonly done: false; readonly uploadId: string };

/**
 * Copies large bodies into the vault. The name carries the job: an object that is there already is this job's own, from another
 * attempt, and is as good as ours.
 */
export class CopyIntoVault {
  private readonly copier: ServerCopy;
  constructor(
    private readonly ports: CopyPorts,
    /** Uploads that earlier turns began, by object key. */
    private readonly uploads: ReadonlyMap<string, string>,
  ) {
    this.copier = new ServerCopy(ports.vault.store, ports.settings.copyPartSize, ports.deadline);
  }

  /** `original` is S3's checksum of the source. A copy that has another one is none of it (`bad-digest`). */
  async copy(source: ReadOptions, key: string, size: number, original?: Checksum): Promise<Copied> {
    const byParts = !isSingleCopy(size, this.ports.settings.copyPartSize);
    const copied = await this.attempt(source, key, size, checksumOfCopy(original, byParts));
    if (copied && !copied.done) return copied;
    const { checksum, ...file } = await this.describe(key, size, copied?.written);
    if (original && agrees([original], checksum) === false)
      throw new StoreError('bad-digest', `the copy "${key}" does not have the ${original.algorithm} of its original`);
    return { done: true, file: { ...file, checksum: checksumText(checksum) } };
  }

  /** Undefined when the copy was there before. */
  private async attempt(
    source: ReadOptions,
    key: string,
    size: number,
    checksum: WantedChecksum,
  ): Promise<ServerCopied | undefined> {
    // The row has headers, metadata and tags: the vault's copy needs none of them.
    const properties = { storageClass: 'STANDARD' };
    const { bucket } = this.ports.vault;
    const options = { source, bucket, key, size, properties, condition: { ifAbsent: true }, checksum };
    const begun = this.uploads.get(key);
    try {
      return await this.copier.copy({ ...options, begun });
    } catch (error) {
      if (!isStoreError(error, 'no-such-upload', 'precondition-failed')) throw error;
      // A failed condition may also be about the source: a null version was replaced.
      if (await this.exists(key)) return undefined;
      // The bucket's lifecycle, or whoever wrote the key meanwhile, has ended the upload that an earlier turn began.
      if (begun !== undefined && isStoreError(error, 'no-such-upload')) return this.copier.copy(options);
      throw error;
    }
  }

  private async exists(key: string): Promise<boolean> {
    try {
      await this.ports.vault.store.head({ bucket: this.ports.vault.bucket, key });
      return true;
    } catch (error) {
      if (isStoreError(error, 'not-found', 'delete-marker')) return false;
      throw error;
    }
  }

  /** Name, version and checksum of the copy. */
  private async describe(key: string, size: number, written: Written | undefined): Promise<DescribedCopy> {
    const { bucket, store } = this.ports.vault;
    if (written?.checksum) return { name: key, versionId: written.versionId, checksum: written.checksum, bytes: size };
    const head = await store.head({ bucket, key });
    if (head.size !== size)
      throw new Error(`a copy in the vault has ${String(head.size)} bytes instead of ${String(size)}`);
    const ref = { bucket, key, versionId: head.versionId };
    const checksum = head.checksum ?? (await hashByReading(store, ref, size));
    return { name: key, versionId: head.versionId, checksum, bytes: size };
  }
}

type DescribedCopy = Omit<VaultFile, 'commit' | 'checksum'> & { readonly checksum: Checksum };

/**
 * SHA-256, but for an original with a checksum of its parts: a restore gives it one of the full object, and compares it with the vault's. What is
 * copied by parts has CRC-64/NVME: S3 proves it where the original has that too.
 */
function checksumOfCopy(original: Checksum | undefined, byParts: boolean): WantedChecksum {
  if (original && isComposite(original)) return { algorithm: 'CRC64NVME' };
  return byParts && original?.algorithm === 'CRC64NVME' ? original : { algorithm: 'SHA256' };
}
