import { Rig } from './rig';

test('backs up and restores a few objects', async () => {
  const rig = new Rig();
  rig.s3.createBucket('src');
  for (let i = 0; i < 10; i++) rig.s3.put('src', `k${String(i)}`, `body ${String(i)}`);
  rig.s3.advance(5);
  const out = await rig.backup({ bucket: 'src' });
  console.log(out);
  rig.s3.advance(5);
  const again = await rig.backup({ bucket: 'src' });
  console.log(again);
  const restored = await rig.restore({ sourceBucket: 'src', destinationBucket: 'dst', createBucket: true });
  console.log(JSON.stringify(restored, null, 1));
  expect(Buffer.from((await rig.destination.get({ bucket: 'dst', key: 'k3' })).body).toString()).toBe('body 3');
});
