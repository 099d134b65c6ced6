import { findVault } from '../../bin/vault/find-vault';
import { fakeDirectory as directory, VAULT } from './support/fakes';

const denied = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' }));

const outputs = (values: Record<string, string>) => (): Promise<Record<string, string>> => Promise.resolve(values);
const parameters = (names: string[]) => (): Promise<string[]> => Promise.resolve(names);
const named = outputs({ VaultBucketName: 'vault-bucket' });
const text = (value: string) => (): Promise<string> => Promise.resolve(value);

test('by the vault bucket', async () => {
  expect(await findVault(directory(), 'vault-bucket')).toEqual(VAULT);
});

test('by the stack, from its output', async () => {
  for (const name of ['MyStack', 'mystack', 'arn:aws:cloudformation:eu-central-1:111122223333:stack/MyStack/1'])
    expect(await findVault(directory({ stackOutputs: named }), name)).toEqual(VAULT);
});

test('by the stack, from its resources when it has no such output', async () => {
  const stackOutputs = outputs({});
  const stackParameters = parameters(['/other/parameter', '/cdk-s3-backup/vault-bucket']);
  expect(await findVault(directory({ stackOutputs, stackParameters }), 'MyStack')).toEqual(VAULT);
});

test('by the stack, when the parameters of other vaults may not be read', async () => {
  const all = directory();
  const guarded = (name: string): Promise<string | undefined> =>
    name.endsWith('/vault-bucket') ? all.parameter(name) : denied();
  expect(await findVault(directory({ stackOutputs: named, parameter: guarded }), 'mystack')).toEqual(VAULT);
});

test.each([
  [
    'lower',
    {},
    /Region eu-central-1: SSM parameter \/cdk-s3-backup\/lower does not exist; stack lower does not exist; check the name/,
  ],
  ['MyStack', {}, /: stack MyStack does not exist; check the name/],
  ['my_stack', {}, /neither a bucket name nor a stack name/],
  ['MyStack', { stackOutputs: denied }, /stack MyStack cannot be read: not authorized/],
  ['MyStack', { stackOutputs: outputs({}) }, /neither an output VaultBucketName nor an SSM parameter/],
  [
    'MyStack',
    { stackOutputs: outputs({}), stackParameters: parameters(['/cdk-s3-backup/a', '/cdk-s3-backup/b']) },
    /has 2 backup vaults: use the name of a vault bucket, a or b/,
  ],
  ['vault-bucket', { parameter: text('{}') }, /does not describe a vault: deploy its stack again/],
  ['vault-bucket', { parameter: text('x') }, /does not describe a vault/],
])('%s is not found, and the error says what was tried', async (name, overrides, message) => {
  await expect(findVault(directory(overrides), name)).rejects.toMatchObject({
    name: 'VaultNotFound',
    message: expect.stringMatching(message),
  });
});

test('a vault of a newer format is left alone', async () => {
  const parameter = text(JSON.stringify({ formatVersion: 99, ...VAULT }));
  await expect(findVault(directory({ parameter }), 'vault-bucket')).rejects.toMatchObject({
    name: 'VaultFormatTooNew',
  });
});

test('what is no refusal is not hidden', async () => {
  const parameter = (): Promise<never> => Promise.reject(new Error('socket hang up'));
  await expect(findVault(directory({ parameter }), 'vault-bucket')).rejects.toThrow('socket hang up');
});
