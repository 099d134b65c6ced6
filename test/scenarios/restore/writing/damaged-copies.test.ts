import { StoreError } from '../../../../lambda/ports/object-store';
import { Rig, VAULT } from '../../support/rig';

const GOOD = 'x'.repeat(40);
const BAD = 'y'.repeat(40);

/** A bucket whose large bodies are copies in the vault, and one that has an object of its own. */
async function backedUp(versions: readonly string[], copyPartSize: number): Promise<Rig> {
  const rig = new Rig({ settings: { packThreshold: 4, copyPartSize: 4 } });
  rig.s3.createBucket('src');
  rig.s3.createBucket('dst');
  for (const body of versions) rig.s3.put('src', 'k', body);
  rig.s3.put('dst', 'k', 'mine');
  rig.s3.advance(5);
  await rig.backup({ bucket: 'src' });
  Object.assign(rig.ports.settings, { copyPartSize });
  return rig;
}
const copyOf = (rig: Rig, body: string): string =>
  rig.s3.keys(VAULT, 'objects/').find((key) => rig.s3.text(VAULT, key) === body) ?? '';
/** Another object under the name of a copy; the recorded version is gone. */
function replace(rig: Rig, body: string, checksum?: 'none'): void {
  const name = copyOf(rig, body);
  const { versionId } = rig.s3.find(VAULT, name);
  rig.s3.put(VAULT, name, BAD, { checksum: checksum ?? 'CRC64NVME' });
  rig.s3.deleteVersion(VAULT, name, versionId);
}
const contents = (rig: Rig): string[] =>
  rig.s3.history('dst', 'k').map((version) => (version.isMarker ? 'marker' : Buffer.from(version.body).toString()));
const overwrite = { sourceBucket: 'src', destinationBucket: 'dst', onExisting: 'overwrite' };
const rotten = Buffer.from(GOOD);
rotten[20] = (rotten[20] ?? 0) ^ 1;

describe.each([4, 1024])('copies with parts of %s bytes', (copyPartSize) => {
  test('a vault object that was replaced is found before anything is written', async () => {
    for (const versions of [1, 'all']) {
      const rig = await backedUp([GOOD], 4);
      replace(rig, GOOD);
      const output = await rig.restore({ ...overwrite, versions });
      expect(output).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 1, requests: {} });
      expect(contents(rig)).toEqual(['mine']);
      expect(rig.reportLines()).toContainEqual(expect.objectContaining({ outcome: 'failed', reason: 'damaged' }));
      expect(rig.s3.uploads.ids()).toEqual([]);
    }
  });

  test.each(['an object without a checksum', 'bits that fell over in S3'])(
    'a copy that proves wrong is refused by S3 or hidden at once: %s',
    async (how) => {
      const rig = await backedUp([GOOD], copyPartSize);
      if (how.startsWith('an object')) replace(rig, GOOD, 'none');
      else rig.s3.corrupt(VAULT, copyOf(rig, GOOD));
      const output = await rig.restore(overwrite);
      expect(output).toMatchObject({ status: 'PARTIAL', restored: 0, failed: 1 });
      if (copyPartSize === 4) {
        // S3 completes no upload whose parts are not the recorded body.
        expect([contents(rig), rig.s3.uploads.ids()]).toEqual([['mine'], []]);
        expect(rig.reportLines()).toContainEqual(expect.objectContaining({ outcome: 'failed', reason: 'damaged' }));
        return;
      }
      expect(contents(rig)).toEqual(['marker', how.startsWith('an object') ? BAD : rotten.toString(), 'mine']);
      const [marker, wrong] = rig.s3.history('dst', 'k');
      expect(rig.reportLines()).toContainEqual(
        expect.objectContaining({
          outcome: 'failed',
          reason: 'damaged',
          destinationVersionId: wrong?.versionId,
          current: marker?.versionId,
        }),
      );
    },
  );
});

test('right versions go on top of a wrong one, which stays hidden', async () => {
  const rig = await backedUp(['v1', GOOD, 'v3'], 1024);
  rig.s3.corrupt(VAULT, copyOf(rig, GOOD));
  const output = await rig.restore({ ...overwrite, versions: 'all' });
  expect(output).toMatchObject({ status: 'PARTIAL', restored: 2, failed: 1 });
  expect(contents(rig)).toEqual(['v3', 'marker', rotten.toString(), 'v1', 'mine']);
  const failed = rig.reportLines().find(({ outcome }) => outcome === 'failed');
  expect(failed).toMatchObject({ destinationVersionId: rig.s3.history('dst', 'k')[2]?.versionId });
  expect(failed).not.toHaveProperty('current');
});

test.each(['access-denied', 'invalid'] as const)(
  'a wrong copy that may not be hidden is current (%s)',
  async (code) => {
    const rig = await backedUp([GOOD], 1024);
    rig.s3.corrupt(VAULT, copyOf(rig, GOOD));
    rig.destination.calls.beforeCall = ({ operation }) => {
      if (operation === 'DeleteObject') throw new StoreError(code, 'no markers here');
    };
    expect(await rig.restore(overwrite)).toMatchObject({ status: 'PARTIAL', failed: 1 });
    const { versionId } = rig.s3.find('dst', 'k');
    expect(rig.reportLines()).toContainEqual(
      expect.objectContaining({ reason: 'damaged', destinationVersionId: versionId, current: versionId }),
    );
  },
);

test('nothing can come between the look at the vault and the copy', async () => {
  for (const copyPartSize of [4, 1024]) {
    const rig = await backedUp([GOOD], copyPartSize);
    const name = copyOf(rig, GOOD);
    let looked = false;
    rig.vaultStore.calls.afterCall = ({ operation, key }) => {
      if (operation !== 'HeadObject' || key !== name || looked) return;
      looked = true;
      rig.s3.put(VAULT, name, BAD);
    };
    expect(await rig.restore(overwrite)).toMatchObject({ status: 'COMPLETED', restored: 1 });
    expect(contents(rig)).toEqual([GOOD, 'mine']);
    expect(looked).toBe(true);
  }
});
