import { randomUUID } from 'node:crypto';
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunFiles } from '../../lambda/usecases/work/runs';

/** Work files on this machine. They share one file that has no name any more: nothing is left of it, however the command ends. */
export class TempFiles implements RunFiles {
  readonly bucket = '';
  private file: Promise<FileHandle> | undefined;
  private end = 0;
  private readonly places = new Map<string, { readonly offset: number; readonly length: number }>();

  constructor(private readonly folder = tmpdir()) {}

  readonly store: RunFiles['store'] = {
    put: async ({ key, body }) => {
      const offset = this.end;
      this.end += body.byteLength;
      const file = await (this.file ??= this.create());
      for (let written = 0; written < body.byteLength;)
        written += (await file.write(body, written, body.byteLength - written, offset + written)).bytesWritten;
      this.places.set(key, { offset, length: body.byteLength });
    },
    get: async ({ key, range }) => {
      const place = this.places.get(key);
      if (!place || !this.file) throw new Error(`there is no work file ${key}`);
      const offset = place.offset + (range?.offset ?? 0);
      const body = new Uint8Array(range?.length ?? place.length);
      const file = await this.file;
      for (let filled = 0; filled < body.byteLength;) {
        const { bytesRead } = await file.read(body, filled, body.byteLength - filled, offset + filled);
        if (bytesRead === 0) throw new Error(`work file ${key} ends early`);
        filled += bytesRead;
      }
      return { body };
    },
  };

  async close(): Promise<void> {
    await (await this.file)?.close();
    this.file = undefined;
  }

  /** It has keys of the protected bucket: nobody else may read it. */
  private async create(): Promise<FileHandle> {
    const path = join(this.folder, `s3-backup-${randomUUID()}`);
    const file = await open(path, 'wx+', 0o600);
    await unlink(path);
    return file;
  }
}
