import { compareKeys } from '../../lambda/core/keys/order';
import { percentEncode } from '../../lambda/core/objects/tagging-header';
import { toIso } from '../../lambda/core/values/instant';
import { type GeneratedObject, generatedObject, keyAt, numberAt } from './generated-bucket';

/** Most rows of a page, as on S3. */
const MOST_ROWS = 1_000;
const OWNER = 'f'.repeat(64);
const NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';

/** The bucket that is listed: by this name, with so many objects of the formula, one version each. */
export interface ListedBucket {
  readonly name: string;
  readonly objects: number;
}

/** What a page holds: places of objects in key order, and names of what was rolled up. */
interface Page {
  readonly places: readonly number[];
  readonly groups: readonly string[];
  /** The last key or group of a page that is not the last one. */
  readonly next?: string;
}

/** A page of ListObjectsV2 as S3 writes it. */
export function objectsPage(bucket: ListedBucket, query: URLSearchParams): string {
  const token = query.get('continuation-token');
  const startAfter = query.get('start-after');
  const marker = token === null ? (startAfter ?? '') : Buffer.from(token, 'base64url').toString();
  const page = pageOf(bucket, query, marker);
  const encode = encoderOf(query);
  const owner = query.get('fetch-owner') === 'true';
  return documentOf('ListBucketResult', [
    element('Name', bucket.name),
    element('Prefix', encode(query.get('prefix') ?? '')),
    token === null ? '' : element('ContinuationToken', token),
    page.next === undefined ? '' : element('NextContinuationToken', Buffer.from(page.next).toString('base64url')),
    startAfter === null ? '' : element('StartAfter', encode(startAfter)),
    element('KeyCount', page.places.length + page.groups.length),
    ...commonElements(query, page, encode),
    ...page.places.map((place) => {
      const object = generatedObject(numberAt(place, bucket.objects));
      return `<Contents>${element('Key', encode(object.key))}${described(object, owner)}</Contents>`;
    }),
    ...groupElements(page, encode),
  ]);
}

/** A page of ListObjectVersions as S3 writes it. A key has one version, so a page always goes on with another key. */
export function versionsPage(bucket: ListedBucket, query: URLSearchParams): string {
  const marker = query.get('key-marker') ?? '';
  const page = pageOf(bucket, query, marker);
  const encode = encoderOf(query);
  const last = page.places.at(-1);
  const lastVersion = last === undefined ? undefined : generatedObject(numberAt(last, bucket.objects));
  return documentOf('ListVersionsResult', [
    element('Name', bucket.name),
    element('Prefix', encode(query.get('prefix') ?? '')),
    element('KeyMarker', encode(marker)),
    element('VersionIdMarker', query.get('version-id-marker') ?? ''),
    page.next === undefined ? '' : element('NextKeyMarker', encode(page.next)),
    // After a group there is no version to go on from.
    page.next !== undefined && page.next === lastVersion?.key
      ? element('NextVersionIdMarker', lastVersion.versionId)
      : '',
    ...commonElements(query, page, encode),
    ...page.places.map((place) => {
      const object = generatedObject(numberAt(place, bucket.objects));
      const key = element('Key', encode(object.key));
      const version = `${key}${element('VersionId', object.versionId)}<IsLatest>true</IsLatest>`;
      return `<Version>${version}${described(object, true)}</Version>`;
    }),
    ...groupElements(page, encode),
  ]);
}

function pageOf({ objects }: ListedBucket, query: URLSearchParams, marker: string): Page {
  const prefix = query.get('prefix') ?? '';
  const delimiter = query.get('delimiter') ?? '';
  const limit = Math.min(Number(query.get('max-keys') ?? MOST_ROWS), MOST_ROWS);
  const places: number[] = [];
  const groups: string[] = [];
  let last: string | undefined;
  const isDone = (key: string): boolean => compareKeys(key, marker) <= 0;
  let place = Math.max(
    firstPlace(objects, (key) => !isDone(key)),
    firstPlace(objects, (key) => compareKeys(key, prefix) >= 0),
  );
  while (place < objects) {
    const key = keyAt(place, objects);
    if (!key.startsWith(prefix)) break;
    const group = groupOf(key, prefix, delimiter);
    // A marker may stand for all that was rolled up.
    const isNew = group === undefined || !isDone(group);
    if (isNew && places.length + groups.length >= limit) return { places, groups, next: limit > 0 ? last : undefined };
    if (isNew) last = group ?? key;
    if (group === undefined) places.push(place++);
    else {
      if (isNew) groups.push(group);
      place = firstPlace(objects, (later) => compareKeys(later, group) > 0 && !later.startsWith(group));
    }
  }
  return { places, groups };
}

function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** The first place whose key is far enough, of keys of which all after such a one are so too; their number where there is none. */
function firstPlace(objects: number, isFar: (key: string) => boolean): number {
  let [low, high] = [0, objects];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isFar(keyAt(middle, objects))) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What no encoding changes. */
const PLAIN = /^[\w./-]*$/;

/** S3 encodes as forms do, slashes excepted. */
const encoderOf = (query: URLSearchParams): ((text: string) => string) =>
  query.get('encoding-type') === 'url'
    ? (text) => (PLAIN.test(text) ? text : text.split('/').map(percentEncode).join('/').replaceAll('%20', '+'))
    : escaped;

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const element = (name: string, value: string | number): string => `<${name}>${String(value)}</${name}>`;

function documentOf(root: string, elements: readonly string[]): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root} ${NAMESPACE}>${elements.join('')}</${root}>`;
}

function commonElements(query: URLSearchParams, page: Page, encode: (text: string) => string): string[] {
  const delimiter = query.get('delimiter');
  return [
    element('MaxKeys', Math.min(Number(query.get('max-keys') ?? MOST_ROWS), MOST_ROWS)),
    delimiter === null ? '' : element('Delimiter', encode(delimiter)),
    query.get('encoding-type') === 'url' ? element('EncodingType', 'url') : '',
    element('IsTruncated', String(page.next !== undefined)),
  ];
}

const groupElements = (page: Page, encode: (text: string) => string): string[] =>
  page.groups.map((group) => element('CommonPrefixes', element('Prefix', encode(group))));

let date = { seconds: 0, text: '' };

/** The same as the last time, mostly: all objects of a round have one date. */
function dateOf(seconds: number): string {
  if (seconds !== date.seconds) date = { seconds, text: toIso(seconds).replace('Z', '.000Z') };
  return date.text;
}

/** What both kinds of rows say, in S3's order. Objects of today have a checksum. */
function described({ lastModified, etag, body }: GeneratedObject, hasOwner: boolean): string {
  return [
    element('LastModified', dateOf(lastModified)),
    element('ETag', `&quot;${etag}&quot;`),
    '<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType>',
    element('Size', body.length),
    hasOwner ? `<Owner><ID>${OWNER}</ID></Owner>` : '',
    '<StorageClass>STANDARD</StorageClass>',
  ].join('');
}
