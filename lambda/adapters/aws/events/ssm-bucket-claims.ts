import {
  GetParameterCommand,
  ParameterAlreadyExists,
  ParameterNotFound,
  PutParameterCommand,
  SSMClient,
  type SSMClientConfig,
} from '@aws-sdk/client-ssm';
import { CLAIMS_PATH } from '../../../contract/layout';
import { type BucketClaim, type BucketClaims, STALE_CLAIM_SECONDS } from '../../../ports/capture-control';
import { sameClaim } from '../../same-claim';

interface Known {
  readonly claim: BucketClaim;
  readonly version: number;
}

/**
 * Claims in the Systems Manager Parameter Store, where all vaults of an account and Region see them. A first claim is put if absent. To replace
 * one there is no condition: who takes over from another vault, or from a claim that was given up, puts its own if absent under the name of
 * exactly that claim first. Whoever finds one there finds whose the bucket is, and finishes the take-over if its owner died.
 *
 * A vault that renews its own claim in time has no rival.
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
    return (await this.read(`${CLAIMS_PATH}${bucket}`))?.claim;
  }

  async claim(claim: BucketClaim, from?: BucketClaim): Promise<BucketClaim> {
    const name = `${CLAIMS_PATH}${claim.bucket}`;
    const known = await this.read(name);
    if (known && !(from && sameClaim(known.claim, from))) return known.claim;
    if (!known) return this.putFirst(name, claim);
    if (!isTakeOver(known.claim, claim)) {
      const version = await this.write(name, claim, true);
      return version === known.version + 1 ? claim : ((await this.read(name))?.claim ?? claim);
    }
    const heir = await this.putFirst(`${name}/after-${String(known.version)}-${String(known.claim.at)}`, claim);
    const now = await this.read(name);
    if (now && now.version !== known.version) return now.claim;
    await this.write(name, heir, true);
    return heir;
  }

  /** Writes a claim where there is none; answers the one that is there then. */
  private async putFirst(name: string, claim: BucketClaim): Promise<BucketClaim> {
    if ((await this.write(name, claim, false)) !== undefined) return claim;
    return (await this.read(name))?.claim ?? claim;
  }

  private async read(name: string): Promise<Known | undefined> {
    try {
      const { Parameter } = await this.client.send(new GetParameterCommand({ Name: name }));
      return { claim: JSON.parse(Parameter?.Value ?? '') as BucketClaim, version: Parameter?.Version ?? 0 };
    } catch (error) {
      if (error instanceof ParameterNotFound) return undefined;
      throw error;
    }
  }

  /** Answers the version that was written; none when somebody else's claim is there. */
  private async write(name: string, claim: BucketClaim, overwrite: boolean): Promise<number | undefined> {
    try {
      const { Version } = await this.client.send(
        new PutParameterCommand({
          Name: name,
          Description: 'Backup vault that holds the continuous backup of this bucket',
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

const isTakeOver = (from: BucketClaim, to: BucketClaim): boolean =>
  from.vaultBucket !== to.vaultBucket || to.at - from.at >= STALE_CLAIM_SECONDS;
