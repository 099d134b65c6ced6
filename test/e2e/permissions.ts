import { CloudFormationClient, paginateListStackResources } from '@aws-sdk/client-cloudformation';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectVersionsCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { clientConfig, localAccount } from '../../local/service/aws-env';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

type Attempt = (s3: S3Client, vault: string, scratch: string) => Promise<unknown>;

const put =
  (Bucket: string, Key: string): Attempt =>
  (s3) =>
    s3.send(new PutObjectCommand({ Bucket, Key, Body: 'x' }));

/** What a function of a workflow must not be able to do, whatever its code says. */
export function permissions(world: () => E2eWorld): void {
  describe('roles', () => {
    const roles = new Map<string, string>();
    const sessions = new Map<string, S3Client>();
    let vaultKey: string;
    let versionId: string;

    const as = async (role: string): Promise<S3Client> => {
      const known = sessions.get(role);
      if (known) return known;
      const config = clientConfig(world().engine);
      const sts = new STSClient(config);
      const RoleArn = `arn:aws:iam::${localAccount}:role/${roles.get(role) ?? ''}`;
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'e2e' }));
      sts.destroy();
      const credentials = {
        accessKeyId: Credentials?.AccessKeyId ?? '',
        secretAccessKey: Credentials?.SecretAccessKey ?? '',
        sessionToken: Credentials?.SessionToken,
      };
      const s3 = new S3Client({ ...config, credentials, forcePathStyle: true });
      sessions.set(role, s3);
      return s3;
    };
    const denied = async (role: string, attempt: Attempt): Promise<void> => {
      const { vault, scratch } = world().main.names;
      await expect(attempt(await as(role), vault, scratch)).rejects.toMatchObject({ name: 'AccessDenied' });
    };
    const vault: { put(key: string): Attempt; remove: Attempt; removeVersion: Attempt } = {
      put: (Key) => (s3, name) => put(name, Key)(s3, name, ''),
      remove: (s3, name) => s3.send(new DeleteObjectCommand({ Bucket: name, Key: vaultKey })),
      removeVersion: (s3, name) =>
        s3.send(new DeleteObjectCommand({ Bucket: name, Key: vaultKey, VersionId: versionId })),
    };

    beforeAll(async () => {
      await world().sample();
      const client = new CloudFormationClient(clientConfig(world().engine));
      for await (const page of paginateListStackResources({ client }, { StackName: 'E2e' })) {
        for (const { ResourceType, LogicalResourceId = '', PhysicalResourceId = '' } of page.StackResourceSummaries ??
          []) {
          const name = /^Vault(\w+)Role[0-9A-F]{8}$/.exec(LogicalResourceId)?.[1];
          if (ResourceType === 'AWS::IAM::Role' && name !== undefined) roles.set(name, PhysicalResourceId);
        }
      }
      client.destroy();
      const { s3, main } = world();
      const { Versions } = await s3.send(new ListObjectVersionsCommand({ Bucket: main.names.vault, Prefix: 'packs/' }));
      vaultKey = Versions?.[0]?.Key ?? '';
      versionId = Versions?.[0]?.VersionId ?? '';
    });
    afterAll(() => {
      for (const session of sessions.values()) session.destroy();
    });

    test('a backup worker reads the protected bucket, and cannot change it', async () => {
      const s3 = await as('BackupRange');
      const read = await s3.send(new GetObjectCommand({ Bucket: Bucket.sample, Key: 'sizes/1' }));
      expect((await read.Body?.transformToByteArray())?.length).toBe(1);
      await denied('BackupRange', put(Bucket.sample, 'e2e'));
      await denied('BackupRange', () => s3.send(new DeleteObjectCommand({ Bucket: Bucket.sample, Key: 'sizes/1' })));
      await denied('BackupRange', () => s3.send(new GetObjectCommand({ Bucket: Bucket.unselected, Key: 'a' })));
    });

    test('a restore worker reads the vault, and cannot write to it', async () => {
      const s3 = await as('RestoreRange');
      const name = world().main.names.vault;
      const pack = await s3.send(new GetObjectCommand({ Bucket: name, Key: vaultKey }));
      // Read to its end: a body that is left alone fails whatever test runs when the connection closes.
      expect((await pack.Body?.transformToByteArray())?.length).toBe(pack.ContentLength);
      for (const key of ['packs/00/e2e', 'objects/00/e2e', 'buckets/e2e-sample/timeline/e2e.json', 'vault.json'])
        await denied('RestoreRange', vault.put(key));
    });

    test('only the commit writes timelines and pages of an index, and it writes no bodies', async () => {
      for (const role of ['BackupPrepare', 'BackupScan', 'BackupPartition', 'BackupRange'])
        for (const part of ['timeline', 'index']) await denied(role, vault.put(`buckets/e2e-sample/${part}/e2e.json`));
      await denied('BackupCommit', vault.put('packs/00/e2e'));
    });

    test('only Prepare changes settings of a protected bucket, and only those of selected ones', async () => {
      const events = (name: string): Attempt => {
        const NotificationConfiguration = { EventBridgeConfiguration: {} };
        return (s3) =>
          s3.send(new PutBucketNotificationConfigurationCommand({ Bucket: name, NotificationConfiguration }));
      };
      for (const role of ['BackupScan', 'BackupRange', 'BackupCommit']) await denied(role, events(Bucket.plain));
      await denied('BackupPrepare', events(Bucket.unselected));
      await denied('BackupPrepare', (s3, vaultName) => events(vaultName)(s3, '', ''));
    });

    test('the scan reads no object', async () => {
      await denied('BackupScan', (s3) => s3.send(new GetObjectCommand({ Bucket: Bucket.sample, Key: 'sizes/1' })));
    });

    test('who removes delete markers removes them in selected buckets only, and reads nothing there', async () => {
      const remove =
        (name: string): Attempt =>
        (s3) =>
          s3.send(new DeleteObjectCommand({ Bucket: name, Key: 'none', VersionId: versionId }));
      await denied('RestoreMarkers', remove(Bucket.unselected));
      await denied('RestoreMarkers', (s3) => s3.send(new GetObjectCommand({ Bucket: Bucket.sample, Key: 'sizes/1' })));
      await denied('RestoreMarkers', (s3) =>
        s3.send(new DeleteObjectCommand({ Bucket: Bucket.sample, Key: 'sizes/1' })),
      );
      await denied('RestoreRange', remove(Bucket.sample));
    });

    test('no role of the vault can delete anything in it', async () => {
      const names = [...roles.keys()].filter(
        (name) => /^(Backup|Restore|StartJobs)/.test(name) && !name.includes('StateMachine'),
      );
      expect(names.length).toBeGreaterThan(10);
      for (const role of names) {
        await denied(role, vault.remove);
        await denied(role, vault.removeVersion);
      }
    });
  });
}
