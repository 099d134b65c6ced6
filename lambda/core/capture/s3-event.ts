import * as z from 'zod';
import { CHANGE_EVENTS, VERSION_EVENTS } from '../../contract/events';
import { fromIso } from '../values/instant';

/** What an event says to have changed of a version that is there. */
export type ChangedField = 'tags' | 'acl';

interface EventFacts {
  /** ID of the event on the bus: the same in every delivery of it. */
  readonly id: string;
  /** When S3 made the change, epoch seconds. */
  readonly time: number;
  readonly bucket: string;
  readonly key: string;
  /** Absent for null versions, and wherever S3 leaves it out. */
  readonly versionId?: string;
}
/** Tells of new tags or a new ACL, not of what they are. */
export interface MetadataEvent extends EventFacts {
  readonly field: ChangedField;
}
/** Tells of a new version, a new delete marker, or a version or delete marker that was deleted for good. */
export interface VersionEvent extends EventFacts {
  readonly change: 'created' | 'marked' | 'deleted';
  readonly etag?: string;
  readonly size?: number;
  /** Place in the order of changes of its key. */
  readonly sequencer?: string;
}
/** An event of S3. */
export type S3Event = MetadataEvent | VersionEvent;

export const isVersionEvent = (event: S3Event): event is VersionEvent => 'change' in event;

export const DELETION_TYPES = { 'Permanently Deleted': 'deleted', 'Delete Marker Created': 'marked' } as const;

const text = z.string().min(1);
/** Fields that AWS adds are ignored; those that are needed have to be right. */
const envelope = z.object({
  id: text,
  source: z.literal('aws.s3'),
  'detail-type': z.enum([...VERSION_EVENTS, ...Object.keys(CHANGE_EVENTS)]),
  time: z.iso.datetime(),
  detail: z.object({
    bucket: z.object({ name: text }),
    object: z.object({
      // Never URL-encoded, other than in S3's own notifications.
      key: text,
      'version-id': z.string().optional(),
      etag: z.string().optional(),
      size: z.int().nonnegative().optional(),
      sequencer: z.string().optional(),
    }),
    'deletion-type': z.string().optional(),
  }),
});
type Envelope = z.infer<typeof envelope>;

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
    throw new Error(`not an S3 event that is captured: ${problems.join('; ')}`);
  }
  const { bucket, object } = data.detail;
  const facts: EventFacts = {
    id: data.id,
    time: fromIso(data.time),
    bucket: bucket.name,
    key: object.key,
    versionId: object['version-id'] === '' ? undefined : object['version-id'],
  };
  const field = CHANGE_EVENTS[data['detail-type']];
  if (field) return { ...facts, field };
  const { etag, size, sequencer } = object;
  return {
    ...facts,
    change: changeOf(data),
    etag: etag === '' ? undefined : etag,
    size,
    // One that is no number says nothing about the order.
    sequencer: sequencer !== undefined && /^[0-9a-f]+$/i.test(sequencer) ? sequencer : undefined,
  };
}

function changeOf({ 'detail-type': type, detail }: Envelope): VersionEvent['change'] {
  if (type === 'Object Created') return 'created';
  const deletion = detail['deletion-type'] ?? '';
  if (Object.hasOwn(DELETION_TYPES, deletion)) return DELETION_TYPES[deletion as keyof typeof DELETION_TYPES];
  throw new Error('not an S3 event that is captured: detail.deletion-type: must be a known deletion type');
}
