import { NULL_VERSION, Row } from '../history/row';
import { encodeAcl } from '../objects/canonical';
import { type Grant, isPermission } from '../objects/properties';
import { multipartVisibility } from '../scan/rows';
import { toIso } from '../values/instant';

/** A record of a report: values by the names of CSV columns; absent and empty are the same. */
export type InventoryRecord = (column: string) => string | undefined;

export interface InventoryFacts {
  readonly bucket: string;
  /** Start of the report's scan, and an instant by which the report was complete; epoch seconds. */
  readonly asOf: number;
  readonly previousAsOf: number;
  readonly observedAt: number;
}

/** A record that says something impossible; the message completes "the record of …". */
export class RecordProblem extends Error {}

/** The row of a record. Throws RecordProblem for one that no S3 bucket can have brought forth. */
export function inventoryRow(value: InventoryRecord, facts: InventoryFacts): Row {
  const bucket = value('Bucket');
  if (bucket !== undefined && bucket !== facts.bucket)
    throw new RecordProblem(`belongs to another bucket, "${bucket}"`);
  const key = value('Key');
  if (key === undefined) throw new RecordProblem('has no key');
  const isMarker = flag(value, 'IsDeleteMarker') ?? false;
  const lastModified = instant(value('LastModifiedDate'));
  const row: Row = {
    key,
    // S3 leaves the ID of null versions empty.
    versionId: value('VersionId') ?? NULL_VERSION,
    kind: isMarker ? 'marker' : 'put',
    lastModified,
    observedAt: facts.observedAt,
    source: 'inventory',
  };
  if (isMarker) {
    if (!isBodiless(value)) throw new RecordProblem('is a delete marker with a body');
    return row;
  }
  const etag = value('ETag')?.replace(/^"|"$/g, '');
  if (etag === undefined) throw new RecordProblem('has no ETag');
  return {
    ...row,
    size: size(value('Size')),
    etag,
    storageClass: value('StorageClass'),
    checksumAlgorithm: value('ChecksumAlgorithm'),
    acl: aclOf(value('ObjectAccessControlList'), value('ObjectOwner')),
    ...multipartVisibility({ etag, lastModified }, facts),
  };
}

function flag(value: InventoryRecord, column: string): boolean | undefined {
  const text = value(column)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text !== 'true' && text !== 'false') throw new RecordProblem(`has ${column} "${text}"`);
  return text === 'true';
}

/** Size and ETag of markers are empty, or those of nothing. */
const EMPTY_MD5 = 'd41d8cd98f00b204e9800998ecf8427e';
const isBodiless = (value: InventoryRecord): boolean =>
  (value('Size') ?? '0') === '0' && (value('ETag') ?? EMPTY_MD5).replaceAll('"', '') === EMPTY_MD5;

function size(text: string | undefined): number {
  const bytes = /^\d+$/.test(text ?? '') ? Number(text) : NaN;
  if (!Number.isSafeInteger(bytes)) throw new RecordProblem(`has the size "${text ?? ''}"`);
  return bytes;
}

/** An instant as reports write it, and no date of a calendar that has 30 days in February. */
const INSTANT = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d+)?Z$/;

/** Whole seconds, as S3 dates versions everywhere else. */
function instant(text: string | undefined): number {
  const [, date = '', hours, minutes, seconds] = INSTANT.exec(text ?? '') ?? [];
  const day = dayOf(date);
  if (day === undefined) throw new RecordProblem(`has the date "${text ?? ''}"`);
  return day + Number(hours) * 3_600 + Number(minutes) * 60 + Number(seconds);
}

/** Days of a report come again and again. */
const DAYS = new Map<string, number>();
const MOST_DAYS = 10_000;

/** Epoch seconds at which a day begins; undefined when there is no such day. */
function dayOf(date: string): number | undefined {
  const known = DAYS.get(date);
  if (known !== undefined) return known;
  const day = Date.parse(`${date}T00:00:00Z`) / 1_000;
  if (Number.isNaN(day) || toIso(day) !== `${date}T00:00:00Z`) return undefined;
  if (DAYS.size >= MOST_DAYS) DAYS.clear();
  DAYS.set(date, day);
  return day;
}

/** The ACL column: base64 of JSON. Undefined where it does not say everything: the ACL is then read from the object. */
function aclOf(column: string | undefined, owner: string | undefined): string | undefined {
  if (column === undefined || owner === undefined || owner === 'UNAVAILABLE') return undefined;
  try {
    const acl = JSON.parse(Buffer.from(column, 'base64').toString('utf8')) as {
      status?: unknown;
      grants?: { type?: unknown; canonicalId?: unknown; uri?: unknown; permission?: unknown }[];
    };
    if (acl.status !== 'AVAILABLE' || !Array.isArray(acl.grants)) return undefined;
    const grants: Grant[] = [];
    for (const { type, canonicalId, uri, permission } of acl.grants) {
      const grantee =
        type === 'CanonicalUser' && typeof canonicalId === 'string'
          ? { id: canonicalId }
          : type === 'Group' && typeof uri === 'string'
            ? { uri }
            : undefined;
      if (!grantee || !isPermission(permission)) return undefined;
      grants.push({ grantee, permission });
    }
    return encodeAcl({ owner, grants });
  } catch {
    return undefined;
  }
}
