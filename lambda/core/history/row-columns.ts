import type { Row } from './row';

export type Field = keyof Row;
/** Values of one column, a row each; absent where no row has one. */
export type Values<F extends Field = Field> = ArrayLike<Row[F]> | undefined;
export type Columns = { readonly [F in Field]?: ArrayLike<Row[F]> };

interface ColumnsOptions {
  /** Brings the columns that are not there yet. */
  readonly more?: () => Promise<Columns>;
  /** First key of the source's next rows; null where there are none, undefined where nobody knows. */
  readonly following?: string | null;
  /** Makes rows otherwise than from the columns in the order of `Row`. */
  readonly rows?: (from: number, to: number) => Row[];
}

/**
 * Rows of one source, in key order, as columns: objects are made only of the rows that somebody asks for. Not all columns need be there at
 * first; `load` brings the rest, and rows may be asked for only then.
 */
export class RowColumns {
  private more: (() => Promise<Columns>) | undefined;
  constructor(
    readonly count: number,
    private loaded: Columns,
    private readonly options: ColumnsOptions = {},
  ) {
    this.more = options.more;
  }

  /** Whether rows of the last key may come that are not here. */
  get mayGoOn(): boolean {
    const { following } = this.options;
    return following === undefined || following === this.keys[this.count - 1];
  }

  /** The columns that are there by now: one that is missing before `load` says nothing. */
  get columns(): Columns {
    return this.loaded;
  }

  get keys(): ArrayLike<string> {
    return this.loaded.key ?? [];
  }

  get isWhole(): boolean {
    return this.more === undefined;
  }

  async load(): Promise<void> {
    if (!this.more) return;
    this.loaded = { ...this.loaded, ...(await this.more()) };
    this.more = undefined;
  }

  /** Rows from one place to another; whoever asks has loaded all columns. */
  rows(from = 0, to = this.count): Row[] {
    if (this.more) throw new Error('rows are made of all columns: load them first');
    if (this.options.rows) return this.options.rows(from, to);
    const rows: Row[] = [];
    for (let i = from; i < to; i++) rows.push(new ColumnRow(this.loaded, i));
    return rows;
  }
}

/** Columns of rows that are objects already. */
export function columnsOf(rows: readonly Row[], following?: string | null): RowColumns {
  const columns: { -readonly [F in Field]?: unknown[] } = {};
  rows.forEach((row, index) => {
    for (const field of Object.keys(row) as Field[]) {
      if (row[field] === undefined) continue;
      const values = (columns[field] ??= new Array<unknown>(rows.length).fill(undefined));
      values[index] = row[field];
    }
  });
  return new RowColumns(rows.length, columns as Columns, { following, rows: (from, to) => rows.slice(from, to) });
}

/** A row has the fields that its columns have a value for, and no others. Objects of one class are made several times faster. */
class ColumnRow implements Row {
  readonly key: string;
  readonly versionId: string;
  readonly kind: Row['kind'];
  readonly lastModified: number;
  declare newerThan?: string;
  declare sequencer?: string;
  declare visibleFrom?: number;
  declare visibleBefore?: number;
  declare size?: number;
  declare etag?: string;
  declare storageClass?: string;
  declare checksumAlgorithm?: string;
  declare checksum?: string;
  declare sha256?: string;
  declare headers?: string;
  declare userMetadata?: string;
  declare tags?: string;
  declare acl?: string;
  declare readAt?: number;
  declare file?: Row['file'];
  declare offset?: number;
  declare length?: number;
  declare encoding?: string;
  declare effectiveFrom?: number;
  declare observedAt?: number;
  declare removedAfter?: number;
  declare removedBefore?: number;
  declare source?: Row['source'];
  declare uncertain?: string;

  constructor(columns: Columns, i: number) {
    this.key = columns.key?.[i] ?? '';
    this.versionId = columns.versionId?.[i] ?? '';
    this.kind = columns.kind?.[i] ?? 'put';
    this.lastModified = columns.lastModified?.[i] ?? 0;
    const newerThan = columns.newerThan?.[i];
    if (newerThan !== undefined) this.newerThan = newerThan;
    const sequencer = columns.sequencer?.[i];
    if (sequencer !== undefined) this.sequencer = sequencer;
    const visibleFrom = columns.visibleFrom?.[i];
    if (visibleFrom !== undefined) this.visibleFrom = visibleFrom;
    const visibleBefore = columns.visibleBefore?.[i];
    if (visibleBefore !== undefined) this.visibleBefore = visibleBefore;
    const size = columns.size?.[i];
    if (size !== undefined) this.size = size;
    const etag = columns.etag?.[i];
    if (etag !== undefined) this.etag = etag;
    const storageClass = columns.storageClass?.[i];
    if (storageClass !== undefined) this.storageClass = storageClass;
    const checksumAlgorithm = columns.checksumAlgorithm?.[i];
    if (checksumAlgorithm !== undefined) this.checksumAlgorithm = checksumAlgorithm;
    const checksum = columns.checksum?.[i];
    if (checksum !== undefined) this.checksum = checksum;
    const sha256 = columns.sha256?.[i];
    if (sha256 !== undefined) this.sha256 = sha256;
    const headers = columns.headers?.[i];
    if (headers !== undefined) this.headers = headers;
    const userMetadata = columns.userMetadata?.[i];
    if (userMetadata !== undefined) this.userMetadata = userMetadata;
    const tags = columns.tags?.[i];
    if (tags !== undefined) this.tags = tags;
    const acl = columns.acl?.[i];
    if (acl !== undefined) this.acl = acl;
    const readAt = columns.readAt?.[i];
    if (readAt !== undefined) this.readAt = readAt;
    const file = columns.file?.[i];
    if (file !== undefined) this.file = file;
    const offset = columns.offset?.[i];
    if (offset !== undefined) this.offset = offset;
    const length = columns.length?.[i];
    if (length !== undefined) this.length = length;
    const encoding = columns.encoding?.[i];
    if (encoding !== undefined) this.encoding = encoding;
    const effectiveFrom = columns.effectiveFrom?.[i];
    if (effectiveFrom !== undefined) this.effectiveFrom = effectiveFrom;
    const observedAt = columns.observedAt?.[i];
    if (observedAt !== undefined) this.observedAt = observedAt;
    const removedAfter = columns.removedAfter?.[i];
    if (removedAfter !== undefined) this.removedAfter = removedAfter;
    const removedBefore = columns.removedBefore?.[i];
    if (removedBefore !== undefined) this.removedBefore = removedBefore;
    const source = columns.source?.[i];
    if (source !== undefined) this.source = source;
    const uncertain = columns.uncertain?.[i];
    if (uncertain !== undefined) this.uncertain = uncertain;
  }
}
