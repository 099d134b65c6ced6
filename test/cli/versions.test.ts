import { toIso } from '../../lambda/core/values/instant';
import { at, iso, log, logVersion, makeContinuous } from '../scenarios/support/continuous-rig';
import { Rig } from '../scenarios/support/rig';
import { backedUp, json, lines, read } from './support/vault-rig';

const filled = (rig: Rig): void => {
  rig.s3.put('src', 'k', 'one', { storageClass: 'STANDARD_IA' });
  rig.s3.advance(10);
  rig.s3.delete('src', 'k');
  rig.s3.advance(10);
  rig.s3.put('src', 'k', 'three');
  rig.s3.put('src', 'k/below', '1');
  rig.s3.put('src', 'k2', '2');
};

test('all versions and delete markers of a key, newest first, as S3 lists them', async () => {
  const rig = await backedUp(filled);
  const outcome = await read(rig, ['versions', 'src', 'k']);
  expect(lines(outcome).map((line) => line.split(/ +/))).toEqual(
    rig.s3
      .history('src', 'k')
      .map(({ lastModified, isMarker, versionId, body, storageClass }, index) => [
        toIso(lastModified),
        isMarker ? '-' : String(body.length),
        isMarker ? '-' : storageClass,
        versionId,
        ['latest', 'delete-marker', '-'][index],
        'k',
      ]),
  );
  const document = json(await read(rig, ['versions', 'src', 'k', '--json']));
  expect(document).toEqual(
    rig.s3.history('src', 'k').map(({ lastModified, isMarker, versionId, body, storageClass, etag }, index) => ({
      key: 'k',
      versionId,
      isLatest: index === 0,
      isDeleteMarker: isMarker,
      lastModified: toIso(lastModified),
      ...(!isMarker && { size: body.length, etag, storageClass, stored: true }),
      exact: true,
      doubts: [],
    })),
  );
});

test('a key, a prefix, or the whole bucket', async () => {
  const rig = await backedUp(filled);
  const keys = async (...args: string[]): Promise<string[]> =>
    json(await read(rig, ['versions', 'src', '--json', ...args])).map((one: any) => one.key);
  expect(await keys('k')).toEqual(['k', 'k', 'k']);
  expect(await keys('--key', 'k')).toEqual(['k', 'k', 'k']);
  expect(await keys('k/')).toEqual(['k/below']);
  expect(await keys('--prefix', 'k')).toEqual(['k', 'k', 'k', 'k/below', 'k2']);
  expect(await keys()).toEqual(['k', 'k', 'k', 'k/below', 'k2']);
  expect(await keys('--limit', '4')).toHaveLength(4);
  const none = await read(rig, ['versions', 'src', 'none']);
  expect(none).toMatchObject({ exitCode: 0, stdout: '' });
  expect(none.stderr).toContain('no versions of the key "none"');
});

test('an instant shows what was there then, and what is in doubt', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'one');
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10);
  rig.s3.advance(10);
  const before = iso(rig);
  rig.s3.advance(10);
  rig.s3.put('src', 'k', 'two');
  await logVersion(rig, 'k');
  const { versionId, lastModified } = rig.s3.history('src', 'k')[1]!;
  rig.s3.advance(10);
  await log(rig, {
    key: 'k',
    versionId,
    lastModified,
    kind: 'removed',
    removedAfter: at(rig) - 5,
    removedBefore: at(rig) + 5,
  });
  await log(rig, {
    key: 'k',
    versionId: 'large',
    lastModified: at(rig),
    kind: 'put',
    size: 7,
    uncertain: 'not-stored:pending',
  });
  expect(lines(await read(rig, ['versions', 'src', 'k', '--at', before]))).toHaveLength(1);
  const now = await read(rig, ['versions', 'src', 'k', '--at', iso(rig)]);
  expect(lines(now).map((line) => line.split(/ +/)[4])).toEqual(['latest,not-stored:pending', '-', 'in-doubt:removal']);
  const document = json(await read(rig, ['versions', 'src', 'k', '--at', iso(rig), '--json']));
  expect(document[0]).toMatchObject({ versionId: 'large', stored: false, notStored: 'pending', exact: true });
  expect(document[2]).toMatchObject({ versionId, stored: true, exact: false, doubts: ['removal'] });
});

test('item, prefix and key exclude each other; all problems are said at once', async () => {
  const rig = new Rig();
  const outcome = await read(rig, ['versions', 'src', 'k', '--key', '', '--at', 'x']);
  expect(outcome).toMatchObject({ exitCode: 2, stdout: '' });
  for (const text of ['only one is allowed', 'the key: must not be empty', '--at: must be'])
    expect(outcome.stderr).toContain(text);
});
