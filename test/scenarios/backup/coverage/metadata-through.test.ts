import { DELIVERY_SECONDS, SETTLE_SECONDS } from '../../../../lambda/contract/change-log-schema';
import { toIso } from '../../../../lambda/core/values/instant';
import { StoreError } from '../../../../lambda/ports/object-store';
import { DAY, filled, manifest, src } from '../../support/changed-rig';
import type { Rig } from '../../support/rig';

describe('until when tags and ACLs are known', () => {
  const through = (rig: Rig): string => toIso(Math.floor(rig.s3.now) - SETTLE_SECONDS);
  /** S3 tells of most changes within 15 minutes. */
  const told = (rig: Rig): string => toIso(Math.floor(rig.s3.now) - SETTLE_SECONDS - DELIVERY_SECONDS);

  test('goes on with each commit while events are on', async () => {
    const { rig } = filled();
    expect(rig.s3.bucket('src').notifications.eventBridge).toBe(false);
    await rig.backup(src);
    expect(rig.s3.bucket('src').notifications.eventBridge).toBe(true);
    const first = manifest(rig, 1);
    expect(first.metadataThrough).toBe(first.asOf);
    expect(first.changesThrough).toBe(first.asOf);
    for (const seq of [2, 3]) {
      rig.s3.advance(DAY);
      await rig.backup(src);
      expect(manifest(rig, seq)).toMatchObject({ metadataThrough: told(rig), changesThrough: through(rig) });
    }
  });

  test('does not pass a change whose event is still on its way', async () => {
    const { rig, client } = filled();
    await rig.backup(src);
    rig.s3.advance(DAY);
    client.tag('a', { n: 'late' });
    const changed = toIso(rig.s3.now);
    const event = client.take();
    rig.s3.advance(10 * 60);
    await rig.backup(src);
    expect(await rig.capture(event)).toEqual([]);
    const { changesThrough = '', metadataThrough = '' } = manifest(rig, 2);
    expect(metadataThrough < changed && changed < changesThrough).toBe(true);
  });

  test('stays where it was once events were off, until a full read', async () => {
    const { rig } = filled();
    await rig.backup(src);
    rig.s3.bucket('src').notifications.eventBridge = false;
    for (const seq of [2, 3]) {
      rig.s3.advance(DAY);
      await rig.backup(src);
      expect(manifest(rig, seq)).toMatchObject({
        metadataThrough: manifest(rig, 1).asOf,
        changesThrough: through(rig),
        changesMissed: true,
      });
    }
    rig.s3.advance(DAY);
    await rig.backup({ ...src, metadata: 'FULL' });
    expect(manifest(rig, 4).metadataThrough).toBe(manifest(rig, 4).asOf);
    rig.s3.advance(DAY);
    await rig.backup(src);
    expect(manifest(rig, 5).metadataThrough).toBe(told(rig));
    expect(manifest(rig, 5).changesMissed).toBeUndefined();
  });

  test('stays where it was when the log has forgotten changes', async () => {
    const { rig, client } = filled();
    await rig.backup(src);
    client.tag('a', { n: 'too early' });
    await rig.capture(client.take());
    rig.s3.advance(15 * DAY);
    await rig.backup(src);
    expect(manifest(rig, 2)).toMatchObject({ metadataThrough: manifest(rig, 1).asOf, changesMissed: true });
  });

  test('a bucket whose notifications may not be set is backed up, with a warning', async () => {
    const { rig } = filled();
    rig.ports.buckets.ensureEventBridge = () => Promise.reject(new StoreError('access-denied', 'no'));
    await rig.backup(src);
    rig.s3.advance(DAY);
    expect(await rig.backup(src)).toMatchObject({ status: 'COMPLETED' });
    expect(manifest(rig, 2)).toMatchObject({ metadataThrough: manifest(rig, 1).asOf, changesMissed: true });
    expect(rig.log.events()).toContain('EventsNotEnabled');
  });

  test('is not known after a full read, until another one, where nobody had turned events on by then', async () => {
    const { rig, client } = filled();
    await rig.backup({ ...src, metadata: 'FULL' });
    const { asOf } = manifest(rig, 1);
    client.tag('a', { n: 'nobody tells' });
    client.take();
    rig.s3.advance(DAY);
    rig.s3.bucket('src').notifications.eventBridge = true;
    rig.s3.advance(DAY);
    for (const seq of [2, 3]) {
      await rig.backup(src);
      expect(manifest(rig, seq)).toMatchObject({ metadataThrough: asOf, changesMissed: true });
      rig.s3.advance(DAY);
    }
    await rig.backup({ ...src, metadata: 'FULL' });
    rig.s3.advance(DAY);
    await rig.backup(src);
    expect(manifest(rig, 5)).toMatchObject({ metadataThrough: told(rig) });
    expect(manifest(rig, 5).changesMissed).toBeUndefined();
  });

  test('a full read needs no events, and does not turn them on', async () => {
    const { rig } = filled();
    await rig.backup({ ...src, metadata: 'FULL' });
    expect(rig.s3.bucket('src').notifications.eventBridge).toBe(false);
  });
});
