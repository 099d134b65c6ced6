import type { MemoryS3 } from '../../lambda/adapters/memory';
import type { Acl, Tags } from '../../lambda/core/objects/properties';
import type { CaptureMessage } from '../../lambda/usecases/capture/changes';
import { s3Message } from './s3-message';

type EventType = 'Object Tags Added' | 'Object Tags Deleted' | 'Object ACL Updated';

/** A client that changes tags and ACLs of a bucket, and the events that S3 sends of it, in the order of the changes. */
export class ChangedBucket {
  readonly sent: CaptureMessage[] = [];

  constructor(
    private readonly s3: MemoryS3,
    readonly bucket: string,
  ) {}

  tag(key: string, tags: Tags, versionId?: string): CaptureMessage {
    this.s3.setTags(this.bucket, key, tags, versionId);
    return this.send('Object Tags Added', key, versionId);
  }

  untag(key: string, versionId?: string): CaptureMessage {
    this.s3.setTags(this.bucket, key, {}, versionId);
    return this.send('Object Tags Deleted', key, versionId);
  }

  grant(key: string, acl: Acl, versionId?: string, named = true): CaptureMessage {
    this.s3.setAcl(this.bucket, key, acl, versionId);
    return this.send('Object ACL Updated', key, versionId, named);
  }

  /** Takes the messages that have been sent and not taken yet. */
  take(): CaptureMessage[] {
    return this.sent.splice(0);
  }

  private send(type: EventType, key: string, versionId?: string, named = true): CaptureMessage {
    const id = versionId ?? this.s3.find(this.bucket, key).versionId;
    const object = { key, ...(named && id !== 'null' && { 'version-id': id }) };
    const message = s3Message(this.s3, this.bucket, type, object);
    this.sent.push(message);
    return message;
  }
}
