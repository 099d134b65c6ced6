import { Aspects } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';
import { VAULT_FORMAT_KEY } from '../../../lambda/contract/layout';
import type { RuntimeFunction } from '../runtime-function';
import type { VaultStorage } from '../vault-storage';
import { ANY_BUCKET, ANY_OBJECT, allowKeysThroughS3, sameAccount, sameAccountIfExists } from './foreign-access';

/**
 * Up to this many buckets are listed in policies. A role may have 10,240 characters of inline policies (quota of IAM, not
 * adjustable). The largest roles list each bucket twice, once with its objects: at most 2 × (63 + 20) characters with
 * the quotes, so 20 buckets take 3,400 of the 6,200 characters that the role has then.
 */
export const MAX_LISTED_BUCKETS = 20;

const SOURCE_REASON =
  'a plan selects more buckets than a policy can list, or buckets that are not known yet; aws:ResourceAccount limits it to this account, and the own buckets are denied';
const VAULT_FILES_REASON =
  'this one file marks the bucket of a vault, which must not be backed up; aws:ResourceAccount limits it to this account';
const OBJECT_REASON = 'the objects of a protected bucket';

/**
 * The one object that is read to describe a bucket: it tells the bucket of another vault. No grant for keys of users' buckets goes with
 * it, which would not fit the role's policies: what cannot be read for that is taken for a vault's.
 */
const VAULT_FILES = `${ANY_BUCKET}/${VAULT_FORMAT_KEY}`;

type Capability = 'describe' | 'configure' | 'scan' | 'read' | 'uncover';

/** What each capability may do with a protected bucket, and with its objects. */
const BUCKET_ACTIONS: Readonly<Record<Capability, readonly string[]>> = {
  describe: [
    's3:GetBucketLocation',
    's3:GetBucketOwnershipControls',
    's3:GetBucketVersioning',
    's3:ListBucket',
    's3:ListBucketVersions',
  ],
  configure: [
    's3:GetBucketNotification',
    's3:GetInventoryConfiguration',
    's3:PutBucketNotification',
    's3:PutInventoryConfiguration',
  ],
  scan: ['s3:ListBucket', 's3:ListBucketVersions'],
  // Without these S3 answers "forbidden" for a version that is gone, and the report would name the wrong reason.
  read: ['s3:ListBucket', 's3:ListBucketVersions'],
  uncover: ['s3:ListBucketVersions'],
};
const READ_ACTIONS: readonly string[] = [
  's3:GetObject',
  's3:GetObjectAcl',
  's3:GetObjectTagging',
  's3:GetObjectVersion',
  's3:GetObjectVersionAcl',
  's3:GetObjectVersionTagging',
];

/** The only right to delete a version that there is. S3 has none for delete markers alone. */
const UNCOVER_ACTIONS: readonly string[] = ['s3:DeleteObjectVersion'];

/** What is denied on the vault's own buckets: enough to make a backup of them impossible, nothing that the step needs. */
const DENIED: Readonly<Record<Capability, { readonly actions: readonly string[]; readonly objects: boolean }>> = {
  describe: { actions: ['s3:GetBucketVersioning', 's3:ListBucketVersions'], objects: false },
  configure: { actions: ['s3:PutBucketNotification', 's3:PutInventoryConfiguration'], objects: false },
  scan: { actions: ['s3:ListBucketVersions'], objects: false },
  read: {
    actions: ['s3:GetObjectAcl', 's3:GetObjectTagging', 's3:GetObjectVersionAcl', 's3:GetObjectVersionTagging'],
    objects: true,
  },
  uncover: { actions: UNCOVER_ACTIONS, objects: true },
};

/**
 * Access to the protected buckets of all plans of a vault: to read them, and to set up what reports their changes. The
 * statements are written when the app is synthesized: until then plans may still add selections.
 */
export class SourceAccess {
  private readonly listed = new Set<string>();
  private unlisted = false;
  private readonly functions = new Map<RuntimeFunction, Set<Capability>>();
  private written = false;

  constructor(
    private readonly scope: Construct,
    private readonly storage: VaultStorage,
  ) {
    Aspects.of(scope).add({ visit: (node: IConstruct) => this.write(node) });
  }

  /** A protected bucket; without an ARN when policies of the vault's stack cannot name it. */
  add(bucketArn: string | undefined): void {
    if (bucketArn === undefined) {
      this.unlisted = true;
    } else {
      this.listed.add(bucketArn);
    }
  }

  describe(fn: RuntimeFunction): void {
    this.give(fn, 'describe');
  }

  /** Has the bucket's events sent to EventBridge, and S3 make an inventory of it. */
  configure(fn: RuntimeFunction): void {
    this.give(fn, 'configure');
  }

  scan(fn: RuntimeFunction): void {
    this.give(fn, 'scan');
  }

  readObjects(fn: RuntimeFunction): void {
    this.give(fn, 'read');
  }

  /** Permanently removes delete markers. */
  removeMarkers(fn: RuntimeFunction): void {
    this.give(fn, 'uncover');
  }

  private give(fn: RuntimeFunction, capability: Capability): void {
    this.functions.set(fn, (this.functions.get(fn) ?? new Set()).add(capability));
  }

  private write(node: IConstruct): void {
    if (node !== this.scope || this.written || (this.listed.size === 0 && !this.unlisted)) {
      return;
    }
    this.written = true;
    const wide = this.unlisted || this.listed.size > MAX_LISTED_BUCKETS;
    const buckets = wide ? [ANY_BUCKET] : [...this.listed];
    const objects = wide ? [ANY_OBJECT] : buckets.map((arn) => `${arn}/*`);
    for (const [fn, capabilities] of this.functions) {
      // In one statement, as the list of buckets is what is long. Every bucket that exists has an account, so that the condition holds for
      // changes of its settings too.
      fn.allow({
        actions: [...new Set([...capabilities].flatMap((capability) => BUCKET_ACTIONS[capability]))].sort(),
        resources: buckets,
        conditions: sameAccountIfExists(fn),
        reason: SOURCE_REASON,
      });
      if (capabilities.has('describe')) {
        fn.allow({
          actions: ['s3:GetObject'],
          resources: [VAULT_FILES],
          conditions: sameAccountIfExists(fn),
          reason: VAULT_FILES_REASON,
        });
      }
      if (capabilities.has('read')) {
        fn.allow({
          actions: READ_ACTIONS,
          resources: objects,
          conditions: sameAccount(fn),
          reason: wide ? SOURCE_REASON : OBJECT_REASON,
        });
        allowKeysThroughS3(fn, 'kms:Decrypt');
      }
      if (capabilities.has('uncover')) {
        fn.allow({
          actions: UNCOVER_ACTIONS,
          resources: objects,
          conditions: sameAccount(fn),
          reason: wide ? SOURCE_REASON : OBJECT_REASON,
        });
      }
      capabilities.forEach((capability) => this.denyOwn(fn, capability));
    }
  }

  private denyOwn(fn: RuntimeFunction, capability: Capability): void {
    const { vaultBucket, scratchBucket } = this.storage;
    const { actions, objects } = DENIED[capability];
    fn.deny(
      actions,
      [vaultBucket, scratchBucket].map((bucket) => (objects ? bucket.arnForObjects('*') : bucket.bucketArn)),
    );
  }
}
