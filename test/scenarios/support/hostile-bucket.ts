import type { Headers } from '../../../lambda/core/objects/properties';
import keys from '../../fixtures/keys.json';
import { Rig } from './rig';

export const MIB = 1024 * 1024;
export const HEADERS: Headers = {
  'cache-control': 'max-age=1, no-transform',
  'content-disposition': 'attachment; filename="a b.txt"',
  'content-encoding': 'gzip',
  'content-language': 'de, en',
  'content-type': 'text/plain; charset=utf-8',
  expires: 'Thu, 01 Dec 2033 16:00:00 GMT',
  'website-redirect-location': '/elsewhere',
};
const TAGS = Object.fromEntries(
  Array.from({ length: 10 }, (_, i) => [`ключ ${String(i)} 🦄`, `значение+${String(i)}=/@`]),
);
const pattern = (size: number, seed: number): Buffer =>
  Buffer.alloc(size, Buffer.from([seed, 1, 2, 3, 5, 8, 13, seed >>> 8, 255, 0]));

/** Everything at once: hostile keys, null versions, versions of one second, markers, undeletes, tags, ACLs, headers, sizes. */
export function hostileBucket(options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig({ pageSize: 7, ...options });
  rig.s3.createBucket('src', { versioning: 'Disabled', ownership: 'ObjectWriter' });
  const acl = {
    owner: rig.s3.owner,
    grants: [
      { grantee: { id: rig.s3.owner }, permission: 'FULL_CONTROL' as const },
      { grantee: { id: 'a-friend' }, permission: 'READ_ACP' as const },
    ],
  };
  // Null versions of a time when the bucket was not versioned yet.
  keys
    .filter((_, i) => i % 3 === 0)
    .forEach((key, i) => rig.s3.put('src', key, `null ${String(i)}`, { headers: HEADERS }));
  rig.s3.setVersioning('src', 'Enabled');
  keys.forEach((key, i) => {
    if (i % 2 === 0) rig.s3.advance(1);
    for (let version = 0; version < 3; version++)
      rig.s3.put('src', key, `${key} v${String(version)}`, {
        tags: version === 1 ? TAGS : {},
        acl: i % 4 === 0 ? acl : undefined,
        userMetadata: { n: String(version), 'x-y': '=?UTF-8?Q?=C3=A9?=' },
      });
    if (i % 5 === 0) rig.s3.delete('src', key);
    if (i % 10 === 0) rig.s3.undelete('src', key);
    if (i % 7 === 0) {
      rig.s3.delete('src', key);
      rig.s3.put('src', key, 'after the marker');
    }
  });
  [0, 1, MIB - 1, MIB, MIB + 1, 5 * MIB].forEach((size, i) =>
    rig.s3.put('src', `size/${String(size)}`, pattern(size, i), { headers: HEADERS, tags: TAGS }),
  );
  rig.s3.put('src', 'folder/', '');
  rig.s3.advance(1);
  return rig;
}
