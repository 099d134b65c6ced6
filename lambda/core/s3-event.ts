import { z } from 'zod';
import { CHANGE_EVENTS } from '../contract/events';
import { fromIso } from './instant';

/** What an event says to have changed. */
export type ChangedField = 'tags' | 'acl';

/** An event of S3 that tells of new tags or a new ACL, not of what they are. */
export interface S3Event {
  /** ID of the event on the bus: the same in every delivery of it. */
  readonly id: string;
  /** When S3 made the change, epoch seconds. */
  readonly time: number;
  readonly bucket: string;
  readonly key: string;
  /** Absent for null versions, and wherever S3 leaves it out. */
  readonly versionId?: string;
  readonly field: ChangedField;
}

const text = z.string().min(1);
/** Fields that AWS adds are ignored; those that are needed have to be right. */
const envelope = z.object({
  id: text,
  source: z.literal('aws.s3'),
  'detail-type': z.enum(Object.keys(CHANGE_EVENTS) as [string, ...string[]]),
  time: z.iso.datetime(),
  detail: z.object({
    bucket: z.object({ name: text }),
    // Never URL-encoded, other than in S3's own notifications.
    object: z.object({ key: text, 'version-id': text.optional() }),
  }),
});

/** Reads an event as EventBridge delivers it. Throws an error that names every problem, and no value. */
export function parseS3Event(body: string): S3Event {
  let value: unknown;
  try {
    value = JSON.parse(body) as unknown;
  } catch {
    throw new Error('not an S3 event: it is not JSON');
  }
  const { data, error } = envelope.safeParse(value);
  if (error) {
    const problems = error.issues.map(({ path, message }) => `${path.map(String).join('.') || 'event'}: ${message}`);
    throw new Error(`not an S3 event of tags or ACLs: ${problems.join('; ')}`);
  }
  const { bucket, object } = data.detail;
  return {
    id: data.id,
    time: fromIso(data.time),
    bucket: bucket.name,
    key: object.key,
    versionId: object['version-id'],
    field: CHANGE_EVENTS[data['detail-type']] ?? 'tags',
  };
}
