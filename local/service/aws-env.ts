/** The account and Region that the local engine serves. */
export const localAccount = '000000000000';
export const localRegion = 'us-east-1';

/** Any key that the engine takes for the account's root; denial is tested with Lambda role sessions, not with this. */
const rootKey = 'test';

export interface Endpoint {
  readonly endpoint: string;
}

/** The variables that point any AWS tool at the engine; `local:up` prints them. */
export function awsEnvironment({ endpoint }: Endpoint): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: localRegion,
    AWS_DEFAULT_REGION: localRegion,
    AWS_ACCESS_KEY_ID: rootKey,
    AWS_SECRET_ACCESS_KEY: rootKey,
    AWS_ACCOUNT: localAccount,
  };
}

/** The same as constructor arguments of an SDK client. */
export function clientConfig({ endpoint }: Endpoint): {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
} {
  return { endpoint, region: localRegion, credentials: { accessKeyId: rootKey, secretAccessKey: rootKey } };
}

/**
 * Environment of a child process that may talk to the engine only: the caller's own AWS settings are taken out, so that
 * nothing reaches a real account by accident.
 */
export function isolatedEnvironment(endpoint: Endpoint): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('AWS_'));
  return {
    ...Object.fromEntries(inherited),
    ...awsEnvironment(endpoint),
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DEFAULT_ACCOUNT: localAccount,
    CDK_DEFAULT_REGION: localRegion,
  };
}
