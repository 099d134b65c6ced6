import { toIso } from '../../lambda/core/values/instant';
import { manifest } from '../scenarios/support/changed-rig';
import { at, iso, log, logTags, makeContinuous } from '../scenarios/support/continuous-rig';
import { Rig } from '../scenarios/support/rig';
import { json, lines, read } from './support/vault-rig';

const UNKNOWN =
  'unknown-version (a version that was later permanently deleted may have existed at this time; no event recorded its creation)';

/** Continuous backup of a bucket in which versions of `gone` and `k` were deleted that nobody knows. */
async function deleted() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'one');
  rig.s3.advance(10);
  await makeContinuous(rig, at(rig) - 10, { reconciledThrough: iso(rig) });
  rig.s3.advance(10);
  const instant = iso(rig);
  for (const key of ['gone', 'k']) {
    const times = { lastModified: 0, removedAfter: at(rig) + 9, removedBefore: at(rig) + 10 };
    await log(rig, { key, versionId: 'unknown', kind: 'removed', source: 'event', ...times });
  }
  rig.s3.advance(20);
  return { rig, args: (command: string, ...more: string[]) => [command, 'src', ...more, '--at', instant] };
}

test('a version that nobody knows is told of by all commands', async () => {
  const { rig, args } = await deleted();
  const ls = await read(rig, args('ls'));
  expect(lines(ls)).toHaveLength(1);
  expect(ls.stderr).toContain('not listed, but possibly there: 1 key');
  expect(ls.stderr).toContain(UNKNOWN);
  const versions = await read(rig, args('versions'));
  expect(lines(versions)[0]).toContain('latest,in-doubt:unknown-version');
  expect(versions.stderr).toContain(`gone: in doubt: ${UNKNOWN}`);
  const one = await read(rig, args('versions', 'gone', '--json'));
  expect(json(one)).toEqual([]);
  expect(one.stderr).toContain(`gone: in doubt: ${UNKNOWN}`);
  expect((await read(rig, args('cat', 'k'))).stderr).toMatch(/^not exact: .*unknown-version/m);
  const cat = await read(rig, args('cat', 'gone'));
  expect(cat.stderr).toContain('had no object "gone"');
  expect(cat.stderr).toContain(`in doubt: ${UNKNOWN}`);
  expect(cat.stderr).not.toContain('undefined');
});

test('a recovery point of changes says of each version what restores say of it', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'one', { tags: { n: 'first' } });
  await makeContinuous(rig);
  const shown = at(rig) + 5;
  await logTags(rig, 'k', { effectiveFrom: shown - 2, observedAt: shown + 10 });
  await logTags(rig, 'k', { effectiveFrom: shown + 5, observedAt: shown + 10 });
  rig.s3.advance(1000);
  await rig.upkeep({ bucket: 'src', action: 'commit-changes' });
  const seq = (await rig.ports.vault.newestSeq('src')) ?? 0;
  const found = await rig.ports.vault.readManifest('src', seq);
  await rig.ports.vault.commit({
    ...manifest(rig, seq),
    seq: seq + 1,
    previous: { seq, sha256: found?.sha256 ?? '' },
    source: 'changes',
    asOf: toIso(shown),
    changesMissed: undefined,
    recoveryPoint: { state: 'COMPLETED' },
  });
  const [document] = json(await read(rig, ['versions', 'src', 'k', '--json']));
  expect(document).toMatchObject({ exact: false, doubts: ['tags'] });
  const { versionId } = document as { versionId: string };
  expect((await read(rig, ['cat', 'src', 'k', '--version-id', versionId])).stderr).toContain('not exact: tags');
});

test('a recovery point whose tags may be stale is not said to be exact', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'k', 'one', { tags: { n: 'first' } });
  await rig.backup({ bucket: 'src' });
  rig.s3.bucket('src').notifications.eventBridge = false;
  rig.s3.advance(3600);
  rig.s3.setTags('src', 'k', { n: 'second' });
  await rig.backup({ bucket: 'src' });
  const missed = { exact: false, doubts: ['metadata-missed'] };
  for (const command of ['ls', 'versions'])
    expect(json(await read(rig, [command, 'src', '--json']))).toEqual([expect.objectContaining(missed)]);
  const { stderr } = await read(rig, ['cat', 'src', 'k']);
  expect(stderr).toContain('not exact: metadata-missed (tags or ACLs may have changed');
  expect((await read(rig, ['ls', 'src'])).stderr).not.toContain('captured until');
  await rig.backup({ bucket: 'src', metadata: 'FULL' });
  expect(json(await read(rig, ['ls', 'src', '--json']))).toEqual([expect.objectContaining({ exact: true })]);
});
