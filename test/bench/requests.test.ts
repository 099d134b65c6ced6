import { requestsBench } from '../../bench/requests';

test('what an object costs in requests, by the benchmark', async () => {
  const results = await requestsBench(['100 KB', '10 MB']);
  const each = (size: string, job: string) => results.find((one) => one.size === size && one.job === job)?.perObject;
  const pages = { ListObjectVersions: 0.001 };
  expect(each('100 KB', 'first backup')).toEqual({ ...pages, GetObject: 1, PutObject: 0.00313 });
  expect(each('100 KB', 'incremental, 0 % changed')).toEqual(pages);
  expect(each('100 KB', 'incremental, 10 % changed')).toEqual({ ...pages, GetObject: 0.1 });
  expect(each('100 KB', 'restore to a new bucket')).toMatchObject({ PutObject: 1 });
  expect(each('10 MB', 'first backup')).toEqual({ ...pages, HeadObject: 1, CopyObject: 1 });
  expect(each('10 MB', 'restore of a second to a new bucket')).toEqual({ HeadObject: 1, CopyObject: 1 });
});
