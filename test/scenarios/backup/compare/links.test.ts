import { deliverReport } from '../../../support/inventory-report';
import { HOUR } from '../../support/changed-rig';
import { Rig, SCRATCH } from '../../support/rig';

test.each(['listing', 'inventory'])(
  'a %s of CURRENT versions keeps what S3 said of the order of a second that reports left open',
  async (source) => {
    for (let shift = 0; shift < 4; shift++) {
      const rig = new Rig();
      rig.s3.createBucket('src');
      for (let n = 0; n < shift; n++) rig.s3.put('src', 'a', 'x');
      for (const body of ['old', 'current']) rig.s3.put('src', 'k', body);
      for (const place of [1, 0]) {
        const left = rig.s3.history('src', 'k')[place]?.versionId;
        rig.s3.advance(HOUR);
        deliverReport(rig.s3, 'src', SCRATCH, { change: (all) => all.filter(({ VersionId }) => VersionId !== left) });
        await rig.backup({ bucket: 'src', source: 'inventory' });
      }
      rig.s3.advance(HOUR);
      if (source === 'inventory') deliverReport(rig.s3, 'src', SCRATCH);
      await rig.backup({ bucket: 'src', source, versions: 'CURRENT' });
      const { exact } = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
      expect({ exact, text: rig.s3.text('dst', 'k') }).toEqual({ exact: true, text: 'current' });
    }
  },
);
