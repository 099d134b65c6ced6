import type { BackupJob } from '../../../core/backup/job';
import { PackBuilder } from '../../../core/history/files/pack';
import { SegmentWriter } from '../../../core/history/files/segment-writer';
import type { Row, VaultFile } from '../../../core/history/row';
import type { SegmentRef } from '../../../core/history/segment-index';
import { compareKeys } from '../../../core/keys/order';
import type { Vault } from '../../vault/vault';
import { writePack } from '../../versions/write-pack';

/**
 * Writes the rows of one turn as delta segments, and the small bodies among them as packs. Rows come in key order. A pack is
 * durable before its rows go into a segment, and a segment ends where a range of the last commit ends (`endOfRange`: of the one that has a
 * key): ranges in which nothing changed get nothing.
 */
export class DeltaWriter {
  private readonly segments: SegmentRef[] = [];
  private segment: SegmentWriter | undefined;
  private pack = new PackBuilder();
  /** Rows in order, waiting for the pack that holds bodies of some of them. */
  private waiting: { readonly row: Row; readonly packed: boolean }[] = [];
  private end: string | undefined;
  private rows = 0;
  constructor(
    private readonly vault: Vault,
    private readonly job: BackupJob,
    private readonly endOfRange: (key: string) => Promise<string | undefined>,
    /** Learns of each row, with its file. */
    private readonly onRow: (row: Row) => void = () => undefined,
  ) {}

  get isEmpty(): boolean {
    return this.rows === 0;
  }

  add(row: Row): void {
    this.rows++;
    this.waiting.push({ row, packed: false });
  }

  addPacked(row: Row, body: Uint8Array): void {
    this.rows++;
    this.waiting.push({ row: this.pack.add(row, body), packed: true });
  }

  /** Stores the pack that is open, then the rows that wait for it. */
  async flushPack(): Promise<void> {
    const file = this.pack.isEmpty ? undefined : await this.writePack();
    const waiting = this.waiting;
    this.waiting = [];
    for (const { row, packed } of waiting) await this.write(packed && file ? { ...row, file } : row);
  }

  async finish(): Promise<readonly SegmentRef[]> {
    await this.flushPack();
    await this.closeSegment();
    return this.segments;
  }

  private async writePack(): Promise<VaultFile> {
    const pack = this.pack;
    this.pack = new PackBuilder();
    return writePack(this.vault, this.job, pack);
  }

  private async write(row: Row): Promise<void> {
    if (this.segment && this.end !== undefined && compareKeys(row.key, this.end) >= 0) await this.closeSegment();
    if (!this.segment) {
      this.segment = new SegmentWriter();
      this.end = await this.endOfRange(row.key);
    }
    this.segment.add(row);
    this.onRow(row);
    if (this.segment.isFull) await this.closeSegment();
  }

  private async closeSegment(): Promise<void> {
    if (!this.segment) return;
    const segment = this.segment.finish();
    this.segment = undefined;
    this.segments.push(await this.vault.writeSegment(this.job.bucket, this.job.jobId, this.job.seq, segment));
  }
}
