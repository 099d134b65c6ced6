import {
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
import { CLAIMS_PATH } from '../../contract/layout';
import type { BucketClaim, BucketClaims } from '../../ports/capture-control';
import { sameClaim } from '../same-claim';

interface Known {
  readonly claim: BucketClaim;
  readonly version: number;
}

/**
 * Claims in the Systems Manager Parameter Store, where all vaults of an account and Region see them. A first claim is put if absent. To replace
 * one there is no condition, but versions tell who was second: of two that replace one claim at the same time, the one who finds out answers with
 * what holds, and the other learns it when it asks next.
 */
export class SsmBucketClaims implements BucketClaims {
  private readonly client: SSMClient;

  constructor(config: SSMClientConfig = {}) {
    this.client = new SSMClient(config);
  }

  /** Closes the connections. */
  destroy(): void {
    this.client.destroy();
  }

  async find(bucket: string): Promise<BucketClaim | undefined> {
    return (await this.read(bucket))?.claim;
  }

  async claim(claim: BucketClaim, from?: BucketClaim): Promise<BucketClaim> {
    const known = await this.read(claim.bucket);
    if (known && !(from && sameClaim(known.claim, from))) return known.claim;
    const version = await this.write(claim, known !== undefined);
    if (version === (known?.version ?? 0) + 1) return claim;
    return (await this.read(claim.bucket))?.claim ?? claim;
  }

  private async read(bucket: string): Promise<Known | undefined> {
    try {
      const { Parameter } = await this.client.send(new GetParameterCommand({ Name: `${CLAIMS_PATH}${bucket}` }));
      return { claim: JSON.parse(Parameter?.Value ?? '') as BucketClaim, version: Parameter?.Version ?? 0 };
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }

  /** Answers the version that was written; none when somebody else's claim is there. */
  private async write(claim: BucketClaim, overwrite: boolean): Promise<number | undefined> {
    try {
      const { Version } = await this.client.send(
        new PutParameterCommand({
          Name: `${CLAIMS_PATH}${claim.bucket}`,
          Description: 'Backup vault that backs this bucket up continuously',
          Type: 'String',
          Value: JSON.stringify(claim),
          Overwrite: overwrite,
        }),
      );
      return Version;
    } catch (error) {
      if (error instanceof ParameterAlreadyExists) return undefined;
      throw error;
    }
  }
}
