import type { MemoryS3 } from '../../lambda/adapters/memory';
import type { ClientPut } from '../../lambda/adapters/memory/memory-s3';
import type { Acl, Tags } from '../../lambda/core/objects/properties';
import type { CaptureMessage } from '../../lambda/usecases/capture/changes';
import { s3Message } from './s3-message';

/** A client of a bucket, and every event that S3 sends of what it does. */
export class LiveBucket {
  readonly sent: CaptureMessage[] = [];
  /** Whether events have URL-encoded keys. */
  encodesKeys = false;
  private order = 0;

  constructor(
    private readonly s3: MemoryS3,
    readonly bucket: string,
  ) {}

  put(key: string, body: string, options: ClientPut = {}): string {
    const versionId = this.s3.put(this.bucket, key, body, options);
    const { etag, size } = this.s3.find(this.bucket, key, versionId);
    this.send('Object Created', { key, ...idOf(versionId), etag, size, ...this.sequencer() });
    return versionId;
  }

  delete(key: string, options: Pick<ClientPut, 'replicaOf'> = {}): string {
    const versionId = this.s3.delete(this.bucket, key, options) ?? 'null';
    this.send('Object Deleted', { key, ...idOf(versionId), ...this.sequencer() }, 'Delete Marker Created');
    return versionId;
  }

  deleteVersion(key: string, versionId: string): void {
    this.s3.deleteVersion(this.bucket, key, versionId);
    this.send('Object Deleted', { key, ...idOf(versionId), ...this.sequencer() }, 'Permanently Deleted');
  }

  /** An event says that a version is gone which is there. */
  deny(key: string, versionId: string): void {
    this.send('Object Deleted', { key, ...idOf(versionId), ...this.sequencer() }, 'Permanently Deleted');
  }

  tag(key: string, versionId: string, tags: Tags): void {
    this.s3.setTags(this.bucket, key, tags, versionId);
    const type = Object.keys(tags).length > 0 ? 'Object Tags Added' : 'Object Tags Deleted';
    this.send(type, { key, ...idOf(versionId) });
  }

  grant(key: string, versionId: string, acl: Acl): void {
    this.s3.setAcl(this.bucket, key, acl, versionId);
    this.send('Object ACL Updated', { key, ...idOf(versionId) });
  }

  /** Takes the messages that have been sent and not taken yet. */
  take(): CaptureMessage[] {
    return this.sent.splice(0);
  }

  /** Sequencers of S3 are hexadecimal, of any length and case. */
  private sequencer(): { readonly sequencer: string } {
    const text = (0xfff0 + ++this.order).toString(16);
    return { sequencer: this.order % 3 === 0 ? text.toUpperCase() : text.padStart(this.order % 5 === 0 ? 12 : 0, '0') };
  }

  private send(type: string, { key, ...facts }: { key: string; [fact: string]: unknown }, deletionType?: string): void {
    const object = { key: this.encodesKeys ? urlEncoded(key) : key, ...facts };
    this.sent.push(s3Message(this.s3, this.bucket, type, object, { 'deletion-type': deletionType, more: 1 }));
  }
}

/** As S3's own notifications have keys. */
export const urlEncoded = (key: string): string =>
  encodeURIComponent(key).replaceAll('%20', '+').replaceAll('%2F', '/');

const idOf = (versionId: string): { readonly 'version-id'?: string } =>
  versionId === 'null' ? {} : { 'version-id': versionId };
