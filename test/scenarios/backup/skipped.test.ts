import { StoreError } from '../../../lambda/ports/object-store';
import { Rig } from '../support/rig';

const lines = (rig: Rig, uri: string): Record<string, unknown>[] => {
  const [, bucket = '', key = ''] = /^s3:\/\/([^/]+)\/(.*)$/.exec(uri) ?? [];
  const report = JSON.parse(rig.s3.text(bucket, key) ?? '{}') as { details: string[] };
  return report.details
    .flatMap((name) => (rig.s3.text(bucket, name) ?? '').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('versions that cannot be stored', () => {
  const rig = new Rig();
  beforeAll(() => {
    rig.s3.createBucket('src');
    rig.s3.put('src', 'good', 'g');
    rig.s3.put('src', 'glacier', 'x', { storageClass: 'GLACIER', archived: true });
    rig.s3.put('src', 'int-archive', 'x', { storageClass: 'INTELLIGENT_TIERING', archived: true });
    rig.s3.put('src', 'sse-c', 'x', { sseC: true });
    rig.s3.put('src', 'odd-metadata', 'x', { missingMetadata: 1 });
    rig.s3.put('src', 'denied', 'x');
    rig.source.calls.beforeCall = ({ operation, key }) => {
      if (operation === 'GetObject' && key === 'denied') throw new StoreError('access-denied', 'no');
    };
    rig.s3.advance(5);
  });

  test('are counted by reason, listed in the report, and make the job PARTIAL', async () => {
    const output = await rig.backup({ bucket: 'src' });
    expect(output).toMatchObject({ status: 'PARTIAL', stored: 1, versions: 6 });
    expect(output.skipped).toEqual({ archived: 2, 'sse-c': 1, unreadable: 1, 'access-denied': 1 });
    expect(lines(rig, output.report).map(({ key, reason }) => [key, reason])).toEqual([
      ['denied', 'access-denied'],
      ['glacier', 'archived'],
      ['int-archive', 'archived'],
      ['odd-metadata', 'unreadable'],
      ['sse-c', 'sse-c'],
    ]);
    expect((await rig.catalog.listRecoveryPoints({ bucket: 'src' })).items[0]?.state).toBe('PARTIAL');
  });

  test('are never replaced by an older version in a restore, which says what is missing', async () => {
    const restored = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
    expect(restored).toMatchObject({ status: 'PARTIAL', restored: 1, skipped: { 'not-stored': 5 } });
    expect(rig.s3.keys('dst')).toEqual(['good']);
  });

  test('are stored by a later job once they can be read, and said again only in counts', async () => {
    rig.s3.restoreArchived('src', 'int-archive');
    rig.s3.advance(5);
    const segments = (): number => rig.s3.keys('the-vault').filter((key) => key.endsWith('.parquet')).length;
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'PARTIAL', stored: 1, reused: 1 });
    const before = segments();
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'PARTIAL', stored: 0, reused: 2 });
    expect(segments()).toBe(before);
  });
});

test('a version that vanishes between the scan and its read makes the job PARTIAL only if it was the current one', async () => {
  for (const [vanishing, status] of [
    [1, 'COMPLETED'],
    [0, 'PARTIAL'],
  ] as const) {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'old');
    rig.s3.put('src', 'k', 'new');
    const victim = rig.s3.history('src', 'k')[vanishing];
    rig.source.calls.beforeCall = ({ operation }) => {
      if (operation === 'GetObject' && victim) rig.s3.deleteVersion('src', 'k', victim.versionId);
    };
    rig.s3.advance(1);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status, stored: 1, skipped: { 'version-gone': 1 } });
  }
});

test('a null version that is replaced between the scan and its read is not mixed up with its successor', async () => {
  const rig = new Rig({ settings: { packThreshold: 4 } });
  rig.s3.createBucket('src', { versioning: 'Disabled' });
  rig.s3.put('src', 'small', 'one');
  rig.s3.put('src', 'large', 'one large');
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(5);
  let listings = 0;
  rig.source.calls.afterCall = ({ operation }) => {
    // The first listing of a bucket without history looks for the places to cut it.
    if (operation !== 'ListObjectVersions' || ++listings !== 2) return;
    rig.s3.setVersioning('src', 'Suspended');
    rig.s3.put('src', 'small', 'two');
    rig.s3.put('src', 'large', 'two large');
    rig.s3.setVersioning('src', 'Enabled');
  };
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({
    status: 'PARTIAL',
    stored: 0,
    skipped: { 'version-gone': 2 },
  });
  rig.s3.advance(5);
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 2, removed: 2 });
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect([rig.s3.text('dst', 'small'), rig.s3.text('dst', 'large')]).toEqual(['two', 'two large']);
});

test.each([
  ['GetObject', 'small'],
  ['HeadObject', 'copied by S3'],
])('nor with one of the very same bytes that has other headers and tags (before %s)', async (wanted, body) => {
  const rig = new Rig({ settings: { packThreshold: 8 } });
  rig.s3.createBucket('src', { versioning: 'Disabled' });
  const put = (name: string) =>
    rig.s3.put('src', 'k', body, { tags: { name }, headers: { 'content-language': name }, userMetadata: { name } });
  put('old');
  rig.s3.setVersioning('src', 'Enabled');
  rig.s3.advance(5);
  let replaced = false;
  rig.source.calls.beforeCall = ({ operation }) => {
    if (replaced || operation !== wanted) return;
    replaced = true;
    rig.s3.setVersioning('src', 'Suspended');
    put('new');
    rig.s3.setVersioning('src', 'Enabled');
  };
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'PARTIAL', skipped: { 'version-gone': 1 } });
  rig.s3.advance(5);
  expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', stored: 1 });
  await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect(rig.s3.find('dst', 'k')).toMatchObject({ tags: { name: 'new' }, userMetadata: { name: 'new' } });
});

test('a body that is damaged in the vault is not restored, and the job says so', async () => {
  const rig = new Rig({ settings: { packThreshold: 4 } });
  rig.s3.createBucket('src');
  rig.s3.put('src', 'packed', 'abc');
  rig.s3.put('src', 'copied', 'a larger body');
  rig.s3.put('src', 'zero', '');
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  for (const key of rig.s3.keys('the-vault', 'packs/'))
    rig.s3.corrupt('the-vault', key, { body: Buffer.from('x'.repeat(500)) });
  const restored = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  expect(restored).toMatchObject({ status: 'PARTIAL', failed: 1, restored: 2 });
  expect(rig.s3.keys('dst')).toEqual(['copied', 'zero']);
});

test.each(['small', 'large'])(
  'a %s version that S3 answers with another size is not there for us, and the job PARTIAL',
  async (which) => {
    const rig = new Rig({ settings: { packThreshold: 10 } });
    rig.s3.createBucket('src');
    const versionId = rig.s3.put('src', 'k', which === 'small' ? 'five!' : 'twenty bytes, or more');
    rig.s3.put('src', 'k', 'now');
    rig.s3.advance(5);
    const { source } = rig;
    const [get, head] = [source.get.bind(source), source.head.bind(source)];
    const cut = <T extends { size: number }>(answer: T, id?: string): T =>
      id === versionId ? { ...answer, size: answer.size - 1 } : answer;
    jest.spyOn(source, 'get').mockImplementation(async (ref) => cut(await get(ref), ref.versionId));
    jest.spyOn(source, 'head').mockImplementation(async (ref) => cut(await head(ref), ref.versionId));
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({
      status: 'PARTIAL',
      skipped: { unreadable: 1 },
      stored: 1,
    });
    jest.restoreAllMocks();
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', skipped: {}, stored: 1 });
  },
);
