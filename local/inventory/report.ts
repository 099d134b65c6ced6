import { createHash, randomUUID } from 'node:crypto';
import { columnsOf, type InventoryRow, OPTIONAL_FIELDS } from './columns';
import { CsvFile, type DataFile, fileSchemaOf, ParquetFile } from './data-file';
import { shuffled } from './shuffle';

const DEFAULT_ROWS_PER_FILE = 250_000;
const DEFAULT_FILES_AT_ONCE = 3;

export interface ReportOptions {
  readonly sourceBucket: string;
  readonly destinationBucket: string;
  /** Prefix of the configuration, without a `/` at the end. @default none */
  readonly prefix?: string;
  readonly configId: string;
  /** @default 'CSV' */
  readonly format?: 'CSV' | 'Parquet';
  /** @default 'All' */
  readonly versions?: 'All' | 'Current';
  /** Optional fields of the configuration. @default all that are in OPTIONAL_FIELDS */
  readonly fields?: readonly string[];
  /** In any order: they are shuffled. Taken one by one, so that a report of millions needs little memory. */
  readonly rows: Iterable<InventoryRow> | AsyncIterable<InventoryRow>;
  /** When the scan began, epoch milliseconds: the minute names the report. @default now */
  readonly startedAt?: number;
  /** @default 250000 */
  readonly rowsPerFile?: number;
  /** Data files that are written side by side: the fewest that a report has. @default 3 */
  readonly filesAtOnce?: number;
  /** Of the shuffle. @default 1 */
  readonly seed?: number;
  /** Writes an object into the destination bucket. */
  readonly put: (key: string, body: Uint8Array) => Promise<unknown>;
}

export interface WrittenReport {
  /** Key of manifest.json in the destination bucket. */
  readonly manifestKey: string;
  readonly rows: number;
  readonly files: readonly { readonly key: string; readonly size: number; readonly MD5checksum: string }[];
}

/** Writes an S3 Inventory report as S3 does: data files first, the checksum that says "complete" last. */
export async function writeInventoryReport(options: ReportOptions): Promise<WrittenReport> {
  const { sourceBucket, destinationBucket, configId, format = 'CSV', prefix = '', put } = options;
  const { rowsPerFile = DEFAULT_ROWS_PER_FILE, filesAtOnce = DEFAULT_FILES_AT_ONCE } = options;
  const columns = columnsOf(options.versions ?? 'All', options.fields ?? OPTIONAL_FIELDS);
  const startedAt = options.startedAt ?? Date.now();
  const root = `${prefix === '' ? '' : `${prefix}/`}${sourceBucket}/${configId}/`;
  const files: { key: string; size: number; MD5checksum: string }[] = [];
  const open = new Map<number, { file: DataFile; rows: number }>();
  const create = (): DataFile =>
    format === 'CSV' ? new CsvFile(sourceBucket, columns) : new ParquetFile(sourceBucket, columns);
  const close = async (slot: number): Promise<void> => {
    const body = await open.get(slot)?.file.finish();
    open.delete(slot);
    if (!body) return;
    const key = `${root}data/${randomUUID()}.${format === 'CSV' ? 'csv.gz' : 'parquet'}`;
    await put(key, body);
    files.push({ key, size: body.byteLength, MD5checksum: md5(body) });
  };

  let rows = 0;
  for await (const row of shuffled(options.rows, options.seed ?? 1)) {
    const slot = rows++ % filesAtOnce;
    const current = open.get(slot) ?? { file: create(), rows: 0 };
    open.set(slot, current);
    const busy = current.file.add(row);
    if (busy) await busy;
    if (++current.rows >= rowsPerFile) await close(slot);
  }
  for (const slot of [...open.keys()]) await close(slot);

  const minute = new Date(startedAt).toISOString().slice(0, 16).replace(':', '-');
  const links = files.map(({ key }) => `s3://${destinationBucket}/${key}\n`).join('');
  await put(`${root}hive/dt=${minute.replace('T', '-')}/symlink.txt`, Buffer.from(links));
  const manifest = {
    sourceBucket,
    destinationBucket: `arn:aws:s3:::${destinationBucket}`,
    version: '2016-11-30',
    creationTimestamp: String(startedAt),
    fileFormat: format,
    fileSchema: fileSchemaOf(format, columns),
    files,
  };
  const json = Buffer.from(JSON.stringify(manifest, undefined, 2));
  const manifestKey = `${root}${minute}Z/manifest.json`;
  await put(manifestKey, json);
  await put(manifestKey.replace(/json$/, 'checksum'), Buffer.from(md5(json)));
  return { manifestKey, rows, files };
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');
