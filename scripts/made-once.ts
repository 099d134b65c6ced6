import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const local = join(__dirname, '..', '.local');

/**
 * A folder below `.local/` that is made on first use. It is made beside its place and moved there, so that an installation that was
 * cut off is not taken for a whole one.
 */
export function madeOnce(name: string, make: (folder: string) => void): string {
  const folder = join(local, name);
  if (existsSync(folder)) return folder;
  mkdirSync(local, { recursive: true });
  const making = mkdtempSync(join(local, 'new-'));
  try {
    make(making);
    renameSync(making, folder);
  } catch (error) {
    rmSync(making, { recursive: true, force: true });
    // Another process may have made it meanwhile.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
