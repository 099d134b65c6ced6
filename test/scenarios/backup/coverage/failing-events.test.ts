import { MemoryQueue } from '../../../../lambda/adapters/memory';
import { fromIso } from '../../../../lambda/core/values/instant';
import { LiveBucket } from '../../../support/live-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig } from '../../support/rig';

const HOUR = 3600;
const STEP = 5 * 60;

/** A bucket with continuous backup whose events go through the queue. One of them fails until the attempt that succeeds. */
async function queued(succeeds: number) {
  const rig = new Rig();
  const queue = new MemoryQueue(() => rig.s3.now);
  rig.captureControl.queue = queue;
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 3);
  const written = Math.floor(rig.s3.now);
  let attempts = 0;
  rig.captureSource.calls.beforeCall = ({ key, operation }) => {
    if (key === 'fails' && operation === 'GetObject' && ++attempts < succeeds) throw new Error('S3 does not answer');
  };
  client.put('fails', 'not stored for a while');
  const captured = async (): Promise<number> => {
    await rig.upkeep({ bucket: 'src', action: 'commit-changes', deleteAfterDays: 35 });
    const seq = (await rig.ports.vault.newestSeq('src')) ?? 0;
    return fromIso(manifest(rig, seq).continuous?.capturedThrough ?? '');
  };
  /** Time goes by: other keys are written all the time, and what SQS delivers is captured. */
  const step = async (): Promise<void> => {
    rig.s3.advance(STEP);
    client.put('busy', String(rig.s3.now));
    queue.send(client.take().map(({ body }) => body));
    rig.s3.advance(6);
    const messages = queue.receive();
    const again = new Set((await rig.capture(messages)).map(({ messageId }) => messageId));
    queue.delete(messages.map(({ messageId }) => messageId).filter((id) => !again.has(id)));
  };
  return { rig, queue, written, captured, step, isStored: () => attempts >= succeeds };
}

test.each([1, 2, 3, 4, 5])('no instant after an event is captured until attempt %d stores it', async (succeeds) => {
  const { written, captured, step, isStored } = await queued(succeeds);
  for (let steps = 0; steps < 20 && !isStored(); steps++) {
    await step();
    if (!isStored()) expect(await captured()).toBeLessThan(written);
  }
  expect(isStored()).toBe(true);
  // Some hours later everything is known again.
  for (let steps = 0; steps < 40; steps++) await step();
  expect(await captured()).toBeGreaterThan(written);
});

test.each([
  ['at once', Infinity],
  ['for three hours', 1 / (3 * HOUR)],
])('an event that fails every time holds the watermark back until it is redriven %s and stored', async (_, rate) => {
  const { rig, queue, written, captured, step, isStored } = await queued(8);
  for (let steps = 0; steps < 40; steps++) {
    await step();
    expect(await captured()).toBeLessThan(written);
  }
  expect(queue.deadLetters(written)).toMatchObject({ count: 1 });
  queue.redrive(rate);
  // A redriven message is a new one: its age says nothing of its event.
  for (let steps = 0; steps < 60 && !isStored(); steps++) {
    await step();
    if (!isStored()) expect(await captured()).toBeLessThan(written);
  }
  expect(isStored()).toBe(true);
  for (let steps = 0; steps < 40; steps++) await step();
  expect(await captured()).toBeGreaterThan(written + HOUR);
  expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ status: 'COMPLETED', objects: 3 });
});
