import type { MemoryS3 } from '../../lambda/adapters/memory';
import type { CaptureMessage } from '../../lambda/usecases/capture/changes';

let messages = 0;

/** An event that S3 sends now of an object of a bucket, as the capture queue delivers it. */
export function s3Message(
  s3: MemoryS3,
  bucket: string,
  type: string,
  object: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): CaptureMessage {
  const number = ++messages;
  const event = {
    version: '0',
    id: `event-${String(number)}`,
    'detail-type': type,
    source: 'aws.s3',
    account: s3.account,
    time: new Date(Math.floor(s3.now) * 1000).toISOString().replace('.000Z', 'Z'),
    region: s3.region,
    resources: [`arn:aws:s3:::${bucket}`],
    detail: { bucket: { name: bucket }, object, ...more },
  };
  return { messageId: `message-${String(number)}`, body: JSON.stringify(event) };
}
