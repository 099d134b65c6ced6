import { LiveBucket } from '../../../support/live-bucket';
import { manifest } from '../../support/changed-rig';
import { hourlyUpkeeps } from '../../support/continuous-rig';
import { Rig, VAULT } from '../../support/rig';

const HOUR = 3600;
/** What a schedule takes: a person who starts a job gets a listing otherwise. */
const AUTO = { bucket: 'src', maxSourceAgeMinutes: 120 };

/** A bucket under continuous backup with one object. */
async function continued(options: ConstructorParameters<typeof Rig>[0] = {}) {
  const rig = new Rig(options);
  rig.s3.createBucket('src');
  const client = new LiveBucket(rig.s3, 'src');
  client.put('there', 'x');
  client.take();
  await hourlyUpkeeps(rig, 2);
  const captured = async (): Promise<void> => {
    rig.s3.advance(6);
    expect(await rig.capture(client.take())).toEqual([]);
  };
  /** A recovery point of what was captured, an hour later. */
  const point = async () => {
    rig.s3.advance(HOUR);
    const { status, skipped, objects, source, recoveryPointId } = await rig.backup(AUTO);
    expect(source).toBe('changes');
    return { status, skipped, objects, recoveryPointId };
  };
  return { rig, client, captured, point };
}

const restoreOf = async (rig: Rig, recoveryPointId: string) => {
  const request = { sourceBucket: 'src', recoveryPointId, destinationBucket: 'dst', createBucket: true, dryRun: true };
  const { status, skipped } = await rig.restore(request);
  return { status, skipped };
};

describe.each([
  ['under a customer key', 'sse-c', { sseC: true }],
  ['put straight into an archive', 'archived', { storageClass: 'DEEP_ARCHIVE' }],
  ['with metadata that HTTP cannot carry', 'unreadable', { missingMetadata: 1 }],
])('an object %s', (_, reason, put) => {
  test('makes every point of changes PARTIAL that shows it, as its restore is', async () => {
    const { rig, client, captured, point } = await continued();
    const versionId = client.put('odd', 'odd body', put);
    await captured();
    const first = await point();
    expect(first).toMatchObject({ status: 'PARTIAL', skipped: { [reason]: 1 }, objects: 2 });
    await hourlyUpkeeps(rig, 1);
    const next = await point();
    expect(next).toMatchObject({ status: 'PARTIAL', skipped: { [reason]: 1 }, objects: 2 });
    expect(await restoreOf(rig, next.recoveryPointId)).toMatchObject({ skipped: { 'not-stored': 1 } });

    client.deleteVersion('odd', versionId);
    await captured();
    expect(await point()).toMatchObject({ status: 'COMPLETED', skipped: {}, objects: 1 });
  });

  test('is in the report of each point, whichever job found it', async () => {
    const { rig, client, captured, point } = await continued();
    client.put('odd', 'odd body', put);
    await captured();
    await point();
    await hourlyUpkeeps(rig, 1);
    const { recoveryPointId } = await point();
    const { jobId } = manifest(rig, Number(recoveryPointId.split('/')[1]));
    const report = JSON.parse(rig.s3.text(VAULT, `buckets/src/reports/${jobId}/report.json`) ?? '') as {
      readonly details: readonly string[];
    };
    const lines = report.details.flatMap((name) => (rig.s3.text(VAULT, name) ?? '').trim().split('\n'));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ key: 'odd', outcome: 'skipped', reason }]);
  });

  test('is still missing after a scan has found it, and no longer when a body was put over it', async () => {
    const { rig, client, captured, point } = await continued();
    const versionId = client.put('odd', 'odd body', put);
    await captured();
    rig.s3.advance(HOUR);
    const scan = await rig.backup({ bucket: 'src', source: 'listing' });
    expect(scan).toMatchObject({ status: 'PARTIAL', skipped: { [reason]: 1 } });
    expect(await point()).toMatchObject({ status: 'PARTIAL', skipped: { [reason]: 1 } });
    client.put('odd', 'readable');
    client.deleteVersion('odd', versionId);
    await captured();
    expect(await point()).toMatchObject({ status: 'COMPLETED', skipped: {} });
  });
});

test('an object that was refused and turns out to be archived is counted off as what it was counted', async () => {
  const { rig, client, captured, point } = await continued();
  const versionId = client.put('odd', 'odd body', { storageClass: 'GLACIER' });
  rig.s3.refuse('src', 'odd', 'policy', versionId);
  await captured();
  rig.s3.refuse('src', 'odd', undefined, versionId);
  expect(await point()).toMatchObject({ status: 'PARTIAL', skipped: { archived: 1 } });
  client.put('other', 'x', { sseC: true });
  await captured();
  client.deleteVersion('odd', versionId);
  await captured();
  expect(await point()).toMatchObject({ status: 'PARTIAL', skipped: { 'sse-c': 1 } });
});

test('a large object that could not be copied when it was due stays missing until it is', async () => {
  const { rig, client, captured, point } = await continued({ settings: { packThreshold: 16, copyPartSize: 32 } });
  const versionId = client.put('big', 'b'.repeat(500));
  await captured();
  rig.s3.refuse('src', 'big', 'key', versionId);
  expect(await point()).toMatchObject({ status: 'PARTIAL', skipped: { 'access-denied': 1 } });
});

test('a version that was gone before it could be read stays missing until its deletion is known', async () => {
  const { rig, client, captured } = await continued();
  const lost = client.put('lost', 'gone at once');
  const [created] = client.take();
  client.deleteVersion('lost', lost);
  const deleted = client.take();
  expect(await rig.capture(created ? [created] : [])).toEqual([]);
  rig.s3.advance(HOUR);
  expect(await rig.upkeep({ bucket: 'src', deleteAfterDays: 35 })).toMatchObject({ status: 'PARTIAL', lost: 1 });
  const newest = async () => manifest(rig, (await rig.ports.vault.newestSeq('src')) ?? 0).continuous?.holdings?.skipped;
  expect(await newest()).toEqual({ 'version-gone': 1 });
  expect(await rig.capture(deleted)).toEqual([]);
  await captured();
  await hourlyUpkeeps(rig, 1);
  expect(await newest()).toEqual({});
});

test('no point is made of changes after a commit of an earlier release, which does not count what is missing', async () => {
  const { rig, client, captured } = await continued();
  client.put('odd', 'odd body', { sseC: true });
  await captured();
  await hourlyUpkeeps(rig, 1);
  const seq = (await rig.ports.vault.newestSeq('src')) ?? 0;
  const found = await rig.ports.vault.readManifest('src', seq);
  const { continuous, ...rest } = manifest(rig, seq);
  const holdings = continuous?.holdings && { ...continuous.holdings, skipped: undefined };
  await rig.ports.vault.commit({
    ...rest,
    continuous: continuous && { ...continuous, holdings },
    ...{ seq: seq + 1, previous: { seq, sha256: found?.sha256 ?? '' } },
  });
  rig.s3.advance(60);
  const changes = rig.backup({ bucket: 'src', source: 'changes' });
  await expect(changes).rejects.toThrow('does not say which bodies are missing');
  expect(await rig.backup(AUTO)).toMatchObject({ source: 'listing', status: 'PARTIAL' });
  rig.s3.advance(HOUR);
  expect(await rig.backup(AUTO)).toMatchObject({ source: 'changes', status: 'PARTIAL' });
});
