import type { ReportRef } from '../../../core/backup/job';
import {
  checkInventoryManifest,
  inventoryInvalid,
  InventoryManifest,
  parseInventoryManifest,
  reportStart,
  scanStart,
} from '../../../core/inventory/manifest';
import { inventoryConfigId, inventoryPrefix } from '../../../core/inventory/place';
import { sha256Hex } from '../../../core/values/hash';
import { findObject } from '../../work/find-object';
import type { Scratch } from '../../work/turns';

export interface Report extends ReportRef {
  readonly content: InventoryManifest;
}

/** The newest complete report of a bucket: one whose manifest.checksum exists. */
export async function newestReport(scratch: Scratch, bucket: string): Promise<Report | undefined> {
  const prefix = inventoryPrefix(bucket, inventoryConfigId(scratch.bucket));
  for (const folder of (await reportFolders(scratch, prefix)).reverse()) {
    const folderTime = reportStart(folder);
    const checksum = folderTime === undefined ? undefined : await find(scratch, `${prefix}${folder}/manifest.checksum`);
    if (folderTime !== undefined && checksum) {
      const place = { prefix, folder, folderTime, checksum: Buffer.from(checksum.body).toString() };
      return readReport(scratch, bucket, place);
    }
  }
  return undefined;
}

/** Folders of reports, oldest first. Their data files are beside them and begin with no digit. */
async function reportFolders(scratch: Scratch, prefix: string): Promise<string[]> {
  const folders = new Set<string>();
  let startAfter: string | undefined;
  do {
    const page = await scratch.store.listObjects({ bucket: scratch.bucket, prefix: `${prefix}2`, startAfter });
    for (const { key } of page.entries) folders.add(key.slice(prefix.length).split('/')[0] ?? '');
    startAfter = page.next;
  } while (startAfter !== undefined);
  return [...folders];
}

async function readReport(
  scratch: Scratch,
  sourceBucket: string,
  { prefix, folder, folderTime, checksum }: { prefix: string; folder: string; folderTime: number; checksum: string },
): Promise<Report> {
  const manifest = `${prefix}${folder}/manifest.json`;
  const found = await find(scratch, manifest);
  if (!found)
    throw inventoryInvalid(`inventory report ${manifest}`, 'is missing, although its manifest.checksum exists');
  checkInventoryManifest(found.body, checksum, manifest);
  const content = parse(scratch, sourceBucket, manifest, found.body);
  const completed = found.lastModified;
  const start = scanStart(manifest, content, folderTime, completed);
  return { manifest, sha256: sha256Hex(found.body), start, completed, content };
}

/** The report that the job began with. Throws `InventoryInvalid` when it has changed since. */
export async function sameReport(scratch: Scratch, sourceBucket: string, ref: ReportRef): Promise<InventoryManifest> {
  const found = await find(scratch, ref.manifest);
  if (!found || sha256Hex(found.body) !== ref.sha256)
    throw inventoryInvalid(`inventory report ${ref.manifest}`, 'changed or disappeared while it was read');
  return parse(scratch, sourceBucket, ref.manifest, found.body);
}

const parse = (scratch: Scratch, sourceBucket: string, name: string, bytes: Uint8Array): InventoryManifest =>
  parseInventoryManifest(bytes, { name, sourceBucket, destinationBucket: scratch.bucket });

const find = ({ store, bucket }: Scratch, key: string) => findObject(store, { bucket, key });
