import { toIso } from '../../../lambda/core/values/instant';
import type { BackupJob } from '../../../lambda/core/backup/job';
import type { Manifest } from '../../../lambda/core/history/manifest';
import { MOST_RETRIES, refusedVersions } from '../../../lambda/usecases/backup/coverage/refused-versions';
import { LiveBucket } from '../../support/live-bucket';
import { deliverReport } from '../../support/inventory-report';
import { manifest } from '../support/changed-rig';
import { hourlyUpkeeps } from '../support/continuous-rig';
import { Rig, SCRATCH, VAULT } from '../support/rig';

const HOUR = 3600;

/** A version that may not be read when its event comes: by the bucket's policy, or as its key is disabled. */
async function refused(by: 'policy' | 'key', body = 'refused at first') {
  const rig = new Rig({ settings: { packThreshold: 64, copyPartSize: 64 } });
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  const written = Math.floor(rig.s3.now);
  const versionId = client.put('late', body);
  rig.s3.refuse('src', 'late', by);
  rig.s3.advance(6);
  const messages = client.take();
  expect(await rig.capture(messages)).toEqual([]);
  const upkeep = async () => {
    rig.s3.advance(HOUR);
    const { status, stored, captured, lost } = await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
    return { status, stored, captured, lost };
  };
  return { rig, client, versionId, written, messages, upkeep };
}

describe.each(['policy', 'key'] as const)('a version that a %s refuses', (by) => {
  test.each([
    ['small', 'refused at first'],
    ['large', 'b'.repeat(400)],
  ])('is stored by the next upkeep that may read it (%s)', async (_, body) => {
    const { rig, written, upkeep } = await refused(by, body);
    rig.s3.refuse('src', 'late', undefined);
    expect(await upkeep()).toMatchObject({ status: 'COMPLETED', stored: 1, lost: 0 });
    rig.s3.advance(HOUR);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({
      source: 'changes',
      status: 'COMPLETED',
      objects: 2,
    });
    const at = { pointInTime: toIso(written), destinationBucket: 'dst', createBucket: true };
    expect(await rig.restore({ sourceBucket: 'src', ...at })).toMatchObject({ status: 'COMPLETED', restored: 2 });
    expect(rig.s3.text('dst', 'late')).toBe(body);
  });

  test('is missing from points until then, under its reason', async () => {
    const { rig, upkeep } = await refused(by);
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', stored: 0 });
    rig.s3.advance(HOUR);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({
      ...{ source: 'changes', status: 'PARTIAL', objects: 2 },
      skipped: { 'access-denied': 1 },
    });
    rig.s3.refuse('src', 'late', undefined);
    const scan = await rig.backup({ bucket: 'src', source: 'listing' });
    expect(scan).toMatchObject({ status: 'COMPLETED', stored: 1 });
    rig.s3.advance(HOUR);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ status: 'COMPLETED', skipped: {} });
  });

  test('is counted as lost when it is gone before it may be read', async () => {
    const { rig, client, versionId, upkeep } = await refused(by);
    client.deleteVersion('late', versionId);
    client.take();
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', lost: 1 });
    expect(rig.metrics.of('VersionsLost')).toContain(1);
  });

  test.each([1, 3])('is stored by whichever later upkeep may read it, and its points are whole (%d)', async (hours) => {
    const { rig, written, upkeep } = await refused(by);
    for (let hour = 0; hour < hours; hour++) expect(await upkeep()).toMatchObject({ status: 'PARTIAL', stored: 0 });
    expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([1]);
    rig.s3.refuse('src', 'late', undefined);
    expect(await upkeep()).toEqual({ status: 'COMPLETED', stored: 1, captured: 0, lost: 0 });
    expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([0]);
    // It is not asked for any more.
    const before = { ...rig.source.counts() };
    expect(await upkeep()).toEqual({ status: 'COMPLETED', stored: 0, captured: 0, lost: 0 });
    expect(rig.source.counts()).toEqual(before);
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({
      ...{ status: 'COMPLETED', skipped: {}, objects: 2, versions: 2 },
      bytes: 'x'.length + 'refused at first'.length,
    });
    const at = { pointInTime: toIso(written), destinationBucket: 'dst', createBucket: true };
    expect(await rig.restore({ sourceBucket: 'src', ...at })).toMatchObject({ status: 'COMPLETED', restored: 2 });
    expect(rig.s3.text('dst', 'late')).toBe('refused at first');
  });

  test('is found refused by a scan, and stored by the next upkeep that may read it', async () => {
    const { rig, upkeep } = await refused(by);
    await rig.upkeep({ bucket: 'src', action: 'reconcile', deleteAfterDays: 35 });
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', stored: 0 });
    rig.s3.refuse('src', 'late', undefined);
    expect(await upkeep()).toMatchObject({ status: 'COMPLETED', stored: 1 });
  });

  test('ends as lost, once, when it is gone after it was refused', async () => {
    const { rig, client, versionId, upkeep } = await refused(by);
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', lost: 0 });
    // The event of the deletion is late.
    client.deleteVersion('late', versionId);
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', lost: 1 });
    expect(rig.metrics.of('VersionsLost')).toEqual([1]);
    expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([0]);
    expect(await upkeep()).toMatchObject({ status: 'COMPLETED', lost: 0 });
    expect(await rig.capture(client.take())).toEqual([]);
    await upkeep();
    rig.s3.advance(HOUR);
    const listing = await rig.backup({ bucket: 'src' });
    expect(listing).toMatchObject({ status: 'COMPLETED', skipped: {}, objects: 1, versions: 1 });
  });

  test('is deleted: it is lost, once, and not asked for any more', async () => {
    const { rig, client, versionId, upkeep } = await refused(by);
    expect(await upkeep()).toMatchObject({ lost: 0 });
    client.deleteVersion('late', versionId);
    const deletion = client.take();
    expect(await rig.capture(deletion)).toEqual([]);
    const before = { ...rig.source.counts() };
    expect(await upkeep()).toMatchObject({ status: 'PARTIAL', lost: 1 });
    expect(await rig.capture(deletion)).toEqual([]);
    expect(await upkeep()).toMatchObject({ status: 'COMPLETED', lost: 0 });
    expect(rig.source.counts()).toEqual(before);
    // Its removal is known, so a point of changes needs no listing first.
    const point = await rig.backup({ bucket: 'src', source: 'changes' });
    expect(point).toMatchObject({ status: 'COMPLETED', lost: 0, skipped: {}, objects: 1 });
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', lost: undefined });
    expect(rig.metrics.of('VersionsLost')).toEqual([1]);
  });

  test.each([
    ['listing', 'before the scan'],
    ['listing', 'during the scan'],
    ['inventory', 'before the scan'],
  ] as const)('is found deleted by a scan: it is lost, once (%s, %s)', async (source, when) => {
    const { rig, client, versionId, upkeep } = await refused(by);
    expect(await upkeep()).toMatchObject({ lost: 0 });
    const gone = () => {
      client.deleteVersion('late', versionId);
      client.take();
    };
    if (when === 'before the scan') gone();
    else {
      let isGone = false;
      rig.source.calls.beforeCall = ({ key, operation }) => {
        if (isGone || key !== 'late' || operation === 'ListObjectVersions') return;
        isGone = true;
        gone();
      };
    }
    if (source === 'inventory') {
      rig.s3.advance(2 * HOUR);
      deliverReport(rig.s3, 'src', SCRATCH);
      rig.s3.advance(60);
    }
    expect(await rig.backup({ bucket: 'src', source })).toMatchObject({ source, lost: 1 });
    await upkeep();
    await rig.backup({ bucket: 'src' });
    expect(rig.metrics.of('VersionsLost')).toEqual([1]);
  });

  test('is stored by a redelivery of its event as well', async () => {
    const { rig, messages, upkeep } = await refused(by);
    await upkeep();
    rig.s3.refuse('src', 'late', undefined);
    expect(await rig.capture(messages)).toEqual([]);
    expect(await upkeep()).toEqual({ status: 'COMPLETED', stored: 0, captured: 1, lost: 0 });
  });

  test('is missing from no point once its deletion is known', async () => {
    const { rig, client, versionId, upkeep } = await refused(by);
    client.deleteVersion('late', versionId);
    rig.s3.advance(6);
    expect(await rig.capture(client.take())).toEqual([]);
    expect(await upkeep()).toMatchObject({ lost: 1 });
    const { continuous } = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
    expect(continuous?.holdings).toMatchObject({ objects: 1, versions: 1 });
    expect(continuous?.holdings?.skipped).toEqual({});
  });

  test('has the date of the listing, not of its event', async () => {
    const { rig, client, upkeep } = await refused(by);
    client.put('replica', 'newer', {});
    const current = rig.s3.find('src', 'replica').lastModified;
    rig.s3.advance(60);
    const replicaOf = { versionId: 'elsewhere', lastModified: current - 30 };
    client.put('replica', 'older', { replicaOf });
    rig.s3.refuse('src', 'replica', by, 'elsewhere');
    rig.s3.advance(6);
    expect(await rig.capture(client.take())).toEqual([]);
    await upkeep();
    rig.s3.advance(HOUR);
    // `late`, `there`, and the newer version of `replica`.
    expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ objects: 3, versions: 4 });
    await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(rig.s3.text('dst', 'replica')).toBe('newer');
  });
});

test.each([
  ['no upkeep', 0],
  ['an upkeep that shows an instant before it', HOUR / 4],
  ['an upkeep', HOUR],
])('one that is newer than a report is stored after its job (before: %s)', async (_, seconds) => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  deliverReport(rig.s3, 'src', SCRATCH);
  rig.s3.advance(HOUR);
  client.put('late', 'later than the report');
  rig.s3.refuse('src', 'late', 'policy');
  rig.s3.advance(6);
  expect(await rig.capture(client.take())).toEqual([]);
  rig.s3.advance(seconds);
  if (seconds > 0) await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 });
  else rig.s3.advance(HOUR / 2);
  const scan = await rig.backup({ bucket: 'src', source: 'inventory' });
  expect(scan).toMatchObject({ source: 'inventory' });
  const { continuous } = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
  expect(continuous).toMatchObject({ holdings: { skipped: { 'access-denied': 1 } } });
  expect(continuous?.skippedReports).not.toEqual([]);
  rig.s3.refuse('src', 'late', undefined);
  rig.s3.advance(HOUR);
  expect(await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 })).toMatchObject({ source: 'changes', stored: 1 });
  expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([0]);
});

test('one that cannot be stored for another reason after all leaves the others to be tried again', async () => {
  const { rig, client, upkeep } = await refused('key');
  const unspeakable = client.put('unspeakable', 'refused, and then unreadable', { missingMetadata: 1 });
  rig.s3.refuse('src', 'unspeakable', 'policy');
  rig.s3.advance(6);
  expect(await rig.capture(client.take())).toEqual([]);
  rig.s3.refuse('src', 'unspeakable', undefined);
  const skipped = async () => {
    const { continuous } = manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0);
    return continuous?.holdings?.skipped;
  };
  expect(await upkeep()).toMatchObject({ status: 'PARTIAL' });
  expect(await skipped()).toEqual({ 'access-denied': 1, unreadable: 1 });
  client.deleteVersion('unspeakable', unspeakable);
  rig.s3.advance(6);
  expect(await rig.capture(client.take())).toEqual([]);
  expect(await upkeep()).toMatchObject({ status: 'PARTIAL' });
  expect(await skipped()).toEqual({ 'access-denied': 1 });
  expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([1]);
  rig.s3.refuse('src', 'late', undefined);
  expect(await upkeep()).toMatchObject({ status: 'COMPLETED', stored: 1 });
  expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([0]);
  expect(await skipped()).toEqual({});
  rig.s3.advance(HOUR);
  expect(await rig.backup({ bucket: 'src', source: 'changes' })).toMatchObject({ status: 'COMPLETED', skipped: {} });
});

test('a version is refused, and not captured', async () => {
  const { rig } = await refused('policy');
  expect(rig.metrics.of('VersionsRefused').slice(-1)).toEqual([1]);
  expect(rig.metrics.of('VersionsCaptured')).toEqual([]);
});

test('an upkeep tries so many of them, and the next one others', async () => {
  const rows = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      key: `k${String(n)}`,
      versionId: 'v',
      outcome: 'skipped',
      reason: 'access-denied',
    }));
  const body = (lines: readonly object[]) => Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  const rig = new Rig();
  const others = [
    { key: 'archive', versionId: 'v', reason: 'archived' },
    { key: 'null', versionId: 'null', reason: 'access-denied' },
  ];
  rig.s3.put(VAULT, 'reports/1', body([...rows(MOST_RETRIES + 5), ...others]));
  const holdings = { objects: 0, versions: 0, markers: 0, bytes: 0, skipped: { 'access-denied': MOST_RETRIES + 5 } };
  const base = { counts: holdings, continuous: { holdings, skippedReports: ['reports/1', 'reports/gone'] } };
  const tried = async (seq: number, fields: Partial<BackupJob> = {}) => {
    const job = { source: 'changes', internal: true, jobId: 'job', seq, ...fields } as BackupJob;
    return (await refusedVersions(rig.ports, job, base as unknown as Manifest)).map(({ key }) => key);
  };
  expect(await tried(0)).toHaveLength(MOST_RETRIES);
  expect(new Set([...(await tried(0)), ...(await tried(1))]).size).toBe(MOST_RETRIES + 5);
  expect(await tried(0, { internal: undefined })).toEqual([]);
  expect(await tried(0, { source: 'listing' })).toEqual([]);
});
