import * as z from 'zod';
import { ErrorName } from '../../lambda/contract/errors';
import { VAULT_FORMAT_VERSION, vaultParameterName } from '../../lambda/contract/layout';
import { CliError } from '../output/errors';
import type { VaultDirectory, VaultNames } from './clients';

/** Output by which a stack may name its vault; the example app does. */
const OUTPUT = 'VaultBucketName';
const PARAMETER_PREFIX = vaultParameterName('');
const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const STACK_NAME = /^([a-zA-Z][a-zA-Z0-9-]{0,127}|arn:.*:stack\/.*)$/;

const schema = z.object({
  formatVersion: z.number(),
  vaultName: z.string(),
  vaultBucket: z.string(),
  scratchBucket: z.string(),
  catalogTable: z.string(),
  changeLogTable: z.string().optional(),
  backupStateMachineArn: z.string(),
  restoreStateMachineArn: z.string(),
});

/** Finds a vault by the name of its bucket, or of the stack that made it. */
export async function findVault(directory: VaultDirectory, name: string): Promise<VaultNames> {
  const tried: string[] = [];
  /** Who may not look somewhere may still find the vault elsewhere. */
  const attempt = async <T>(what: string, look: () => Promise<T | undefined>): Promise<T | undefined> => {
    try {
      const found = await look();
      if (found === undefined) tried.push(`${what} does not exist`);
      return found;
    } catch (error) {
      if (!(error instanceof Error) || !/^AccessDenied/.test(error.name)) throw error;
      tried.push(`${what} cannot be read: ${error.message}`);
      return undefined;
    }
  };
  const byBucket = async (bucket: string): Promise<VaultNames | undefined> => {
    const parameter = vaultParameterName(bucket);
    const text = await attempt(`SSM parameter ${parameter}`, () => directory.parameter(parameter));
    return text === undefined ? undefined : parseNames(parameter, text);
  };

  const direct = BUCKET_NAME.test(name) ? await byBucket(name) : undefined;
  if (direct) return direct;
  if (STACK_NAME.test(name)) {
    const outputs = await attempt(`stack ${name}`, () => directory.stackOutputs(name));
    const bucket = outputs && (outputs[OUTPUT] ?? (await onlyVault(directory, name, tried)));
    const found = bucket === undefined ? undefined : await byBucket(bucket);
    if (found) return found;
  }
  const why = tried.length > 0 ? tried.join('; ') : 'it is neither a bucket name nor a stack name';
  throw new CliError(
    'VaultNotFound',
    `found no backup vault "${name}" in this account and Region ${await directory.region()}: ${why}; check the name, the Region and the credentials`,
  );
}

/** Vault bucket of the only vault that a stack has. */
async function onlyVault(directory: VaultDirectory, stack: string, tried: string[]): Promise<string | undefined> {
  const buckets = (await directory.stackParameters(stack))
    .filter((parameter) => parameter.startsWith(PARAMETER_PREFIX))
    .map((parameter) => parameter.slice(PARAMETER_PREFIX.length));
  if (buckets.length > 1)
    throw new CliError(
      'VaultNotFound',
      `stack "${stack}" has ${buckets.length} backup vaults: use the name of a vault bucket, ${buckets.join(' or ')}`,
    );
  if (buckets.length === 0)
    tried.push(`stack ${stack} has neither an output ${OUTPUT} nor an SSM parameter ${PARAMETER_PREFIX}…`);
  return buckets[0];
}

function parseNames(parameter: string, text: string): VaultNames {
  const parsed = schema.safeParse(tryJson(text));
  if (!parsed.success)
    throw new CliError('VaultNotFound', `SSM parameter ${parameter} does not describe a vault: deploy its stack again`);
  const { formatVersion, ...names } = parsed.data;
  if (formatVersion > VAULT_FORMAT_VERSION)
    throw new CliError(
      ErrorName.vaultFormatTooNew,
      `vault ${names.vaultName} has format ${formatVersion}, but this release supports formats up to ${VAULT_FORMAT_VERSION}: update s3-backup`,
    );
  return names;
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
