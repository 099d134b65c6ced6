import { parseS3Event } from '../../../lambda/core/capture/s3-event';
import keys from '../../fixtures/keys.json';

const event = (fields: object = {}, object: object = {}): Record<string, unknown> => ({
  version: '0',
  id: '17793124-05d4-b198-2fde-7ededc63b103',
  'detail-type': 'Object Tags Added',
  source: 'aws.s3',
  account: '111122223333',
  time: '2026-11-12T00:00:07Z',
  region: 'us-east-1',
  resources: ['arn:aws:s3:::photos'],
  detail: {
    version: '0',
    bucket: { name: 'photos' },
    object: { key: 'a b+é', etag: 'b1946ac92492d2347c6235b4d2611184', 'version-id': 'IYV3p45BT0ac8hjHg1', ...object },
    'request-id': 'N4N7GDK58NMKJ12R',
    requester: '111122223333',
    'source-ip-address': '1.2.3.4',
  },
  ...fields,
});
const parse = (value: unknown): unknown => parseS3Event(JSON.stringify(value));

test.each([
  ['Object Tags Added', 'tags'],
  ['Object Tags Deleted', 'tags'],
  ['Object ACL Updated', 'acl'],
])('%s tells of %s', (type, field) => {
  expect(parse(event({ 'detail-type': type }))).toEqual({
    id: '17793124-05d4-b198-2fde-7ededc63b103',
    time: Date.UTC(2026, 10, 12, 0, 0, 7) / 1000,
    bucket: 'photos',
    key: 'a b+é',
    versionId: 'IYV3p45BT0ac8hjHg1',
    field,
  });
});

test('a null version has no version ID', () => {
  for (const none of [undefined, ''])
    expect(parse(event({}, { 'version-id': none }))).not.toHaveProperty('versionId', expect.anything());
});

test('keys are taken as they are', () => {
  const all = [...keys, 'a%20b', 'a+b', '%', '__proto__'];
  expect(all.map((key) => (parse(event({}, { key })) as { key: string }).key)).toEqual(all);
});

test('what AWS adds one day is ignored', () => {
  expect(parse(event({ more: 1 }, { more: {} }))).toEqual(parse(event()));
});

test.each<[string, unknown, RegExp]>([
  ['another detail-type', event({ 'detail-type': 'Object Restore Completed' }), /detail-type/],
  ['another source', event({ source: 'mine' }), /source/],
  ['no ID', event({ id: undefined }), /id: /],
  ['no key', event({}, { key: undefined }), /detail\.object\.key/],
  ['a version ID that is a number', event({}, { 'version-id': 7 }), /version-id/],
  ['a time that is none', event({ time: 'yesterday' }), /time/],
  ['null', null, /event: /],
  ['a text', 'secret', /event: /],
])('refuses %s, and names no value', (_, value, problem) => {
  expect(() => parse(value)).toThrow(problem);
  expect(() => parse(value)).not.toThrow(/secret|photos/);
});

test('refuses what is not JSON', () => {
  expect(() => parseS3Event('{')).toThrow('not JSON');
});
