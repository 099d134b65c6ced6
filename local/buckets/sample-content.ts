import { createCipheriv, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { inParallel } from '../support/parallel';
import { repositoryRoot } from '../support/paths';
import type { SampleBucket, SampleObject } from './sample';

const kib = 1024;
const mib = 1024 * kib;
/** S3's minimum for all parts but the last. */
const partBytes = 5 * mib;
const writersAtOnce = 8;
/** A canonical user of no account of ours. */
const reader = 'a1b2c3d4'.repeat(8);

export const photosPrefix = 'photos/';
const photos = 160;
const documents = 220;

const hostileKeys = JSON.parse(
  readFileSync(join(repositoryRoot, 'test', 'fixtures', 'keys.json'), 'utf8'),
) as readonly string[];

const tenTags: Readonly<Record<string, string>> = {
  project: 'apollo',
  größe: 'über 100',
  קטגוריה: 'תמונות',
  分類: '写真 と 文書',
  'path:/a/b': 'x=y+z@w',
  empty: '',
  ' spaced ': ' both sides ',
  __proto: 'a',
  constructor: 'b',
  'é-nfd': 'é-nfc',
};

/** As some clients write it: UTF-8 without any encoding, of which HTTP clients see a character a byte. */
const rawDisposition = Buffer.from('attachment; filename="ü 文.txt"', 'utf8').toString('latin1');

/** Bytes that don't compress, the same in every run. */
export function bytes(size: number, seed: string): Buffer {
  const key = createHash('md5').update(seed).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** Clients choose each of them. */
const checksums = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const;

const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index).padStart(4, '0')}`);

/** One of a few kinds of objects: plain, with headers and metadata, with tags, with all of it. */
function dressed(bucket: SampleBucket, kind: number, body: Buffer | string): SampleObject {
  const headers = {
    'cache-control': 'max-age=60, private',
    'content-disposition': kind === 7 ? rawDisposition : 'attachment; filename="a b; c.txt"',
    'content-encoding': 'gzip',
    'content-language': 'de-AT, he',
    'content-type': 'text/plain; charset=utf-8',
    expires: kind % 2 === 0 ? 'Wed, 21 Oct 2037 07:28:00 GMT' : '0',
    'website-redirect-location': '/other/page.html',
  };
  const metadata = { owner: 'Ada Lovelace', 'with-dash_and.dot': 'a, b; "c"', __proto__x: '=?UTF-8?Q?=C3=A9?=' };
  return {
    body,
    checksum: checksums[kind % checksums.length],
    ...((kind & 1) !== 0 && { headers, metadata }),
    ...((kind & 2) !== 0 && { tags: kind > 3 ? tenTags : { class: `c${kind}` } }),
    ...(bucket.aclsEnabled && (kind & 4) !== 0 && { reader }),
  };
}

/**
 * Fills a new bucket with all that S3 can hold and that backup tools have lost: hostile keys, all headers, many versions,
 * delete markers, versions of one second, and null versions, as the bucket is without versioning at first.
 */
export async function fillSample(bucket: SampleBucket): Promise<void> {
  await writeBeforeVersioning(bucket);
  await bucket.setVersioning('Enabled');
  const suspended = numbered('suspended/', 6);
  await each(suspended, (key) => bucket.put(key, dressed(bucket, 3, `${key}, before the suspension`)));
  await bucket.setVersioning('Suspended');
  await each(suspended, (key) => bucket.put(key, dressed(bucket, 5, `${key}, while suspended`)));
  await each(suspended.slice(0, 2), (key) => bucket.delete(key));
  await bucket.setVersioning('Enabled');
  await each(suspended.slice(1, 4), (key) => bucket.put(key, { body: `${key}, versioned again` }));

  await each(hostileKeys, async (key, index) => {
    if (index % 4 !== 0) await bucket.put(key, dressed(bucket, index % 8, `version of ${key}`));
  });
  await writeHistories(bucket);
  await writeSizes(bucket);
  await each(numbered(photosPrefix, photos), (key, index) =>
    bucket.put(key, dressed(bucket, index % 8, bytes(1 * kib + index * 97, key))),
  );
  await each(numbered('documents/', documents), (key, index) =>
    bucket.put(key, dressed(bucket, index % 3, `${key} `.repeat(index))),
  );
}

async function writeBeforeVersioning(bucket: SampleBucket): Promise<void> {
  await each(hostileKeys, async (key, index) => {
    if (index % 2 === 0) await bucket.put(key, dressed(bucket, index % 8, `null version of ${key}`));
  });
  await each(numbered('before-versioning/', 12), (key, index) =>
    bucket.put(key, dressed(bucket, index % 8, bytes(index * 10, key))),
  );
}

/** Keys with a past, each kind of it several times. */
async function writeHistories(bucket: SampleBucket): Promise<void> {
  const version = (key: string, n: number): Promise<void> =>
    bucket.put(key, dressed(bucket, n, `${key}, version ${n}`));
  await each(numbered('before-versioning/', 6), (key, index) => (index < 3 ? version(key, 7) : bucket.delete(key)));
  await each(numbered('versions/', 30), async (key, index) => {
    for (let n = 0; n < 3 + (index % 4); n++) await version(key, n);
  });
  await each(numbered('deleted/', 10), async (key) => {
    await version(key, 1);
    await bucket.delete(key);
  });
  await each(numbered('undeleted/', 10), async (key) => {
    await version(key, 2);
    await bucket.delete(key);
    await bucket.undelete(key);
  });
  await each(numbered('deleted-between/', 10), async (key) => {
    await version(key, 1);
    await bucket.delete(key);
    await bucket.delete(key);
    await version(key, 2);
  });
  await each(numbered('pruned/', 6), async (key) => {
    for (let n = 0; n < 3; n++) await version(key, n);
    await bucket.deleteVersion(key, 1);
  });
  await each(numbered('marker-first/', 3), async (key) => {
    await bucket.delete(key);
    await version(key, 1);
  });
  await each(numbered('marker-only/', 3), (key) => bucket.delete(key));
  // As fast as one client can: several versions and markers in each second.
  for (const key of numbered('same-second/', 6)) {
    await version(key, 1);
    await version(key, 2);
    await bucket.delete(key);
    await version(key, 3);
    if (key.endsWith('5')) await bucket.delete(key);
  }
}

async function writeSizes(bucket: SampleBucket): Promise<void> {
  for (const size of [0, 1, mib - 1, mib, mib + 1]) {
    const key = `sizes/${size}`;
    await bucket.put(key, dressed(bucket, 7, bytes(size, key)));
  }
  await each(['folder/', 'folder/sub/', 'photos/'], (key) => bucket.put(key));
  const parts = [bytes(partBytes, 'part 1'), bytes(mib + 3, 'part 2')];
  await bucket.putInParts('sizes/in-parts', parts, { ...dressed(bucket, 7, ''), checksum: 'SHA256' });
}

/** A day's work: new objects and versions, deletions, an undelete, and versions that are removed for good. */
export async function changeSample(bucket: SampleBucket): Promise<void> {
  await each(numbered('documents/', 20), (key, index) => bucket.put(key, dressed(bucket, index % 8, `${key}, edited`)));
  await each(numbered('documents/new-', 10), (key) => bucket.put(key, { body: key }));
  await each(numbered(photosPrefix, 5), (key) => bucket.delete(key));
  await bucket.undelete('deleted/0000');
  await bucket.deleteVersion('versions/0001', 0);
  await bucket.deleteVersion('versions/0002', 1);
  await bucket.put('sizes/1048577', { body: bytes(mib + 1, 'edited') });
}

/** Another day: new objects and versions, a deletion, and a version that is removed for good. */
export async function changeSampleAgain(bucket: SampleBucket): Promise<void> {
  await each(numbered('documents/', 30), (key, index) => bucket.put(key, dressed(bucket, index % 8, `${key}, again`)));
  await each(numbered('reports/', 15), (key, index) => bucket.put(key, dressed(bucket, index % 8, key)));
  await each(hostileKeys.slice(0, 10), (key) => bucket.put(key, { body: `one more version of ${key}` }));
  await each(numbered('documents/new-', 3), (key) => bucket.delete(key));
  await bucket.deleteVersion('versions/0003', 0);
}

/** What a backup is for: objects overwritten, deleted, and some removed with all of their versions. */
export async function damageSample(
  bucket: SampleBucket,
): Promise<{ overwritten: number; deleted: number; removed: number }> {
  const keys = numbered(photosPrefix, photos);
  const overwritten = [...keys.slice(10, 60), ...numbered('documents/', 100)];
  const deleted = keys.slice(60, 100);
  const removed = keys.slice(100, 130);
  await each(overwritten, (key) => bucket.put(key, { body: 'YOUR FILES ARE ENCRYPTED' }));
  await each(deleted, (key) => bucket.delete(key));
  await each(removed, (key) => bucket.deleteAllVersions(key));
  return { overwritten: overwritten.length, deleted: deleted.length, removed: removed.length };
}

/** Work within seconds, some of it within one. Answers how much it was. */
export async function changeLedger(bucket: SampleBucket): Promise<number> {
  const pages = numbered('ledger/', 40);
  await each(pages, (key, index) => bucket.put(key, dressed(bucket, index % 8, `${key}, first`)));
  for (let n = 0; n < 3; n++) await bucket.put('ledger/balance', { body: `balance ${n}` });
  await each(pages.slice(0, 20), (key, index) => bucket.put(key, dressed(bucket, index % 8, `${key}, booked`)));
  await each(pages.slice(0, 5), (key) => bucket.delete(key));
  await bucket.put('ledger/scan', { body: bytes(2 * mib, 'ledger/scan') });
  return pages.length + 3 + 20 + 5 + 1;
}

/** What somebody does to it. */
export async function damageLedger(
  bucket: SampleBucket,
): Promise<{ overwritten: number; deleted: number; added: number }> {
  const pages = numbered('ledger/', 40);
  const overwritten = ['ledger/balance', ...pages.slice(20, 30), 'ledger/scan'];
  const deleted = pages.slice(30);
  const added = numbered('ledger/junk-', 7);
  await each(overwritten, (key) => bucket.put(key, { body: 'YOUR LEDGER IS ENCRYPTED' }));
  await each(deleted, (key) => bucket.delete(key));
  await each(added, (key) => bucket.put(key, { body: 'junk' }));
  return { overwritten: overwritten.length, deleted: deleted.length, added: added.length };
}

async function each(keys: readonly string[], write: (key: string, index: number) => Promise<void>): Promise<void> {
  await inParallel(keys, writersAtOnce, write);
}
