import { GetObjectAclCommand, PutObjectAclCommand, PutObjectTaggingCommand } from '@aws-sdk/client-s3';
import type { Grant, ObjectProperties, ObjectRef, Tags, Written } from '../../../ports/object-store';
import { writeLater } from '../../later-properties';
import { grantsTo } from './wire/acl';
import type { S3Requests } from './wire/requests';

/** What is written to an object that is there. */
export class AwsLaterWrites {
  constructor(private readonly requests: S3Requests) {}

  /** Tags and ACL that the write itself had no room for. */
  after(ref: ObjectRef, written: Written, properties?: ObjectProperties, others?: number): Promise<Written> {
    return writeLater(this, ref, written, properties, others);
  }

  async putTags({ tags, ...ref }: ObjectRef & { readonly tags: Tags }): Promise<void> {
    const TagSet = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
    await this.requests.run(ref, (client, owner) =>
      client.send(new PutObjectTaggingCommand({ ...fields(ref), Tagging: { TagSet }, ...owner })),
    );
  }

  /** As XML, which has room for S3's hundred grants. It must name the owner of the object, who stays. */
  async putAcl({ grants, ...ref }: ObjectRef & { readonly grants: readonly Grant[] }): Promise<void> {
    const { Owner } = await this.requests.run(ref, (client, owner) =>
      client.send(new GetObjectAclCommand({ ...fields(ref), ...owner })),
    );
    const AccessControlPolicy = { Owner: { ID: Owner?.ID }, Grants: grantsTo(grants) };
    await this.requests.run(ref, (client, owner) =>
      client.send(new PutObjectAclCommand({ ...fields(ref), AccessControlPolicy, ...owner })),
    );
  }
}

const fields = ({ bucket, key, versionId }: ObjectRef) => ({ Bucket: bucket, Key: key, VersionId: versionId });
