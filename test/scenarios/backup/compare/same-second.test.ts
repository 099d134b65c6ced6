import { ManualDeadline } from '../../../../lambda/adapters/memory';
import { historyOf } from '../../../support/bucket-state';
import { deliverReport } from '../../../support/inventory-report';
import { Rig, SCRATCH } from '../../support/rig';

/** Versions of one second: only S3's own order says which is the newest, and turns and reports cut through that order. */
const all = { sourceBucket: 'src', destinationBucket: 'dst', createBucket: true, versions: 'all' };
const now = { sourceBucket: 'src', destinationBucket: 'now', createBucket: true };

describe.each([0, 1, 2, 3, 4, 5, 6, 7])('a listing that is cut into turns, %i objects before the key', (shift) => {
  function filled(): Rig {
    const rig = new Rig({ pageSize: 2, deadline: new ManualDeadline(0) });
    rig.s3.createBucket('src');
    for (let i = 0; i < shift; i++) rig.s3.put('src', `a${String(i)}`, 'x');
    for (const body of ['one', 'two', 'three']) {
      if (body !== 'one') rig.s3.delete('src', 'k');
      rig.s3.put('src', 'k', body);
    }
    return rig;
  }

  test('counts the objects right, by listing and by a report of what is known', async () => {
    const rig = filled();
    rig.s3.advance(2);
    expect(await rig.backup({ bucket: 'src' })).toMatchObject({ status: 'COMPLETED', objects: shift + 1 });
    deliverReport(rig.s3, 'src', SCRATCH);
    const known = await rig.backup({ bucket: 'src', source: 'inventory' });
    expect(known).toMatchObject({ status: 'COMPLETED', objects: shift + 1, stored: 0, requests: {} });
    await rig.restore(all);
    expect(historyOf(rig.s3, 'dst')).toEqual(historyOf(rig.s3, 'src'));
  });

  test('is PARTIAL without the current version', async () => {
    const rig = filled();
    const [current] = rig.s3.history('src', 'k');
    rig.s3.advance(2);
    rig.source.calls.beforeCall = ({ operation }) => {
      if (operation === 'GetObject') rig.s3.deleteVersion('src', 'k', current?.versionId ?? '');
    };
    const output = await rig.backup({ bucket: 'src' });
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'version-gone': 1 } });
  });
});

test.each([0, 1, 2])(
  'a version that goes between two turns at a report moves no other one (place %i)',
  async (victim) => {
    const rig = new Rig({ deadline: new ManualDeadline(0), settings: { concurrency: 1 } });
    rig.s3.createBucket('src');
    for (const body of ['one', 'two', 'three']) rig.s3.put('src', 'k', body);
    rig.s3.advance(1);
    deliverReport(rig.s3, 'src', SCRATCH);
    const gone = rig.s3.history('src', 'k')[victim]?.versionId ?? '';
    const asked = new Set<string | undefined>();
    rig.source.calls.beforeCall = ({ operation, versionId }) => {
      if (operation !== 'GetObject') return;
      asked.add(versionId);
      if (asked.size === 2) rig.s3.deleteVersion('src', 'k', gone);
    };
    const output = await rig.backup({ bucket: 'src', source: 'inventory' });
    // Each version was asked for, whatever the order was in the meantime, and each was settled once.
    expect(asked.size).toBe(3);
    expect(output.stored + (output.skipped['version-gone'] ?? 0)).toBe(3);
    expect(output.stored).toBeGreaterThanOrEqual(2);
    expect(output.objects).toBe(1);
    const { status } = await rig.restore(all);
    const restored = rig.s3.history('dst', 'k').map(({ body }) => Buffer.from(body).toString());
    const left = rig.s3.history('src', 'k').map(({ body }) => Buffer.from(body).toString());
    // Without the newest version a key is left out as a whole, and that is said.
    if (restored.length === 0) expect(status).toBe('PARTIAL');
    else expect(restored).toEqual(expect.arrayContaining(left));
  },
);

describe('the newest of a tied second is gone before a report is read', () => {
  test.each(['CURRENT', 'ALL'])('an older one does not pass for it (%s)', async (versions) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    rig.s3.put('src', 'k', 'old');
    rig.s3.put('src', 'k', 'current');
    rig.s3.advance(1);
    deliverReport(rig.s3, 'src', SCRATCH);
    rig.s3.deleteVersion('src', 'k', rig.s3.history('src', 'k')[0]?.versionId ?? '');
    const output = await rig.backup({ bucket: 'src', source: 'inventory', versions });
    expect(output).toMatchObject({ status: 'PARTIAL', skipped: { 'version-gone': 1 } });
    const { status, exact } = await rig.restore(now);
    if (versions === 'CURRENT') expect(status).toBe('PARTIAL');
    else expect(exact).toBe(false);
  });
});

test.each(['first', 'later'])(
  'a marker that is gone before the %s report is read does not stand for the object of its second',
  async (report) => {
    const rig = new Rig();
    rig.s3.createBucket('src');
    const marker = rig.s3.delete('src', 'k') ?? '';
    rig.s3.put('src', 'k', 'current');
    rig.s3.advance(1);
    if (report === 'later') await rig.backup({ bucket: 'src', source: 'listing' });
    deliverReport(rig.s3, 'src', SCRATCH);
    rig.s3.deleteVersion('src', 'k', marker);
    const output = await rig.backup({ bucket: 'src', source: 'inventory', versions: 'CURRENT' });
    expect(output).toMatchObject({ status: 'COMPLETED', objects: 1 });
    expect(await rig.restore(now)).toMatchObject({ status: 'COMPLETED', exact: true });
    expect(rig.s3.text('now', 'k')).toBe('current');
  },
);
