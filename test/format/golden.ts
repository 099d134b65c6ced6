import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Rig, VAULT } from '../scenarios/support/rig';

/** A small vault of format v1 as a release wrote it: never made again, read for ever. */
export interface GoldenVault {
  /** Base64 of each object of the vault bucket. */
  readonly objects: Readonly<Record<string, string>>;
}

/** Makes the file anew. Only for a new format version: run this module by hand, and give it a folder of its own, and `pages` for an index in pages. */
async function make(folder: string, index: string | undefined): Promise<void> {
  const pages = index === 'pages' ? { rangeWeight: 1, pageSegments: 1 } : {};
  const rig = new Rig({ settings: { packThreshold: 64, copyPartSize: 16, ...pages } });
  rig.s3.createBucket('src', { versioning: 'Disabled', ownership: 'ObjectWriter' });
  rig.s3.put('src', 'null', 'a null version');
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.put('src', 'é/\u{1f984}', 'packed', {
    tags: { ключ: 'значение' },
    userMetadata: { n: '1' },
    headers: { 'cache-control': 'no-cache' },
  });
  rig.s3.put('src', 'null', 'over the null version');
  rig.s3.put('src', 'copied', 'c'.repeat(65));
  rig.s3.put('src', 'parts', 'p'.repeat(150));
  rig.s3.put('src', 'gone', 'g');
  rig.s3.delete('src', 'gone');
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src', recoveryPointTags: { kept: 'for ever' } });
  rig.s3.put('src', 'copied', 'changed');
  rig.s3.setTags('src', 'parts', { later: 'yes' });
  const [marker, body] = rig.s3.history('src', 'gone');
  if (marker && body) rig.s3.deleteVersion('src', 'gone', body.versionId);
  rig.s3.advance(60);
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  const objects = Object.fromEntries(
    rig.s3.keys(VAULT).map((key) => [key, Buffer.from(rig.s3.find(VAULT, key).body).toString('base64')]),
  );
  writeFileSync(join(folder, 'vault.json'), `${JSON.stringify({ objects }, undefined, 1)}\n`);
}

if (require.main === module) void make(process.argv[2] ?? '', process.argv[3]);
