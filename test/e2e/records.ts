import { DetailType } from '../../lambda/contract/events';
import { eventually } from '../../local/service/process-group';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const deliveryLimitMs = 10 * 60_000;
const dayMs = 24 * 60 * 60 * 1000;

interface DeliveredEvent {
  readonly source: string;
  readonly account: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly 'detail-type': string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function records(world: () => E2eWorld): void {
  describe('what is said about jobs and recovery points', () => {
    let backup: { jobId: string; recoveryPointId: string; asOf: string; bytes: number };
    let restore: { jobId: string };

    const events = async (): Promise<DeliveredEvent[]> =>
      (await world().events.inputs()).map(({ input }) => input as DeliveredEvent);
    /** Waits for the event with this state. */
    const delivered = async (type: string, detail: Record<string, unknown>): Promise<DeliveredEvent> => {
      const wanted = expect.objectContaining(detail) as unknown;
      let found: DeliveredEvent | undefined;
      await eventually(async () => {
        found = (await events()).find(
          (event) =>
            event['detail-type'] === type &&
            Object.entries(detail).every(([name, value]) => event.detail[name] === value),
        );
        return found !== undefined;
      }, deliveryLimitMs);
      expect(found?.detail).toEqual(wanted);
      return found!;
    };

    beforeAll(async () => {
      const bucket = await world().newBucket({ name: Bucket.records });
      await bucket.put('a', { body: 'twelve bytes' });
      bucket.destroy();
      const request = { bucket: Bucket.records, deleteAfterDays: 7, recoveryPointTags: { team: 'größe', 'a:b': '' } };
      backup = await world().main.backups.succeed(request);
      restore = await world().main.restores.succeed({
        sourceBucket: Bucket.records,
        destinationBucket: 'e2e-records-restored',
        createBucket: true,
      });
    });

    test('the catalog has the jobs with their outputs', async () => {
      // Jobs that start in one second have no order: by their types, then.
      const jobs = (await world().records(Bucket.records, 'JOB#')).sort((a, b) =>
        String(a.type).localeCompare(String(b.type)),
      );
      const common = { bucket: Bucket.records, state: 'COMPLETED', recoveryPointId: backup.recoveryPointId };
      expect(jobs).toEqual([
        expect.objectContaining({ ...common, type: 'BACKUP', jobId: backup.jobId }) as unknown,
        expect.objectContaining({ ...common, type: 'RESTORE', jobId: restore.jobId }) as unknown,
      ]);
      expect(jobs[0]?.output).toMatchObject({ objects: 1, stored: 1, status: 'COMPLETED' });
      expect(jobs[1]?.output).toMatchObject({ restored: 1, status: 'COMPLETED' });
      expect(await world().records(Bucket.records, 'LOCK')).not.toContainEqual(
        expect.objectContaining({ jobId: backup.jobId }) as unknown,
      );
    });

    test('the catalog has the recovery point with its expiry and tags', async () => {
      const [point, ...others] = await world().records(Bucket.records, 'RECOVERY_POINT#');
      expect(others).toEqual([]);
      expect(point).toMatchObject({
        recoveryPointId: backup.recoveryPointId,
        state: 'COMPLETED',
        asOf: backup.asOf,
        objects: 1,
        bytes: 12,
        tags: { team: 'größe', 'a:b': '' },
      });
      expect(Date.parse(String(point?.deleteAt)) - Date.parse(backup.asOf)).toBe(7 * dayMs);
    });

    test("the default bus gets AWS Backup's events about the backup job", async () => {
      await delivered(DetailType.backupJob, { backupJobId: backup.jobId, state: 'RUNNING' });
      const event = await delivered(DetailType.backupJob, { backupJobId: backup.jobId, state: 'COMPLETED' });
      expect(event).toMatchObject({ source: 'cdk-s3-backup', account: '000000000000', region: 'us-east-1' });
      expect(event.detail).toMatchObject({
        backupVaultName: expect.any(String) as string,
        backupVaultArn: expect.stringMatching(/^arn:aws:/) as string,
        recoveryPointArn: expect.stringContaining(backup.recoveryPointId) as string,
        resourceArn: `arn:aws:s3:::${Bucket.records}`,
        resourceType: 'S3',
        backupSizeInBytes: '12',
        percentDone: 100,
        creationDate: expect.any(String) as string,
        completionDate: expect.any(String) as string,
      });
    });

    test('… about the recovery point', async () => {
      const { detail } = await delivered(DetailType.recoveryPoint, {
        resourceArn: `arn:aws:s3:::${Bucket.records}`,
        status: 'COMPLETED',
      });
      expect(detail).toMatchObject({
        backupVaultName: expect.any(String) as string,
        recoveryPointArn: expect.stringContaining(backup.recoveryPointId) as string,
        resourceType: 'S3',
        lifecycle: { deleteAfterDays: 7 },
        calculatedLifeCycle: { deleteAt: expect.any(String) as string },
        isEncrypted: expect.anything() as unknown,
      });
    });

    test('… and about the restore job', async () => {
      await delivered(DetailType.restoreJob, { restoreJobId: restore.jobId, status: 'RUNNING' });
      const { detail } = await delivered(DetailType.restoreJob, { restoreJobId: restore.jobId, status: 'COMPLETED' });
      expect(detail).toMatchObject({
        recoveryPointArn: expect.stringContaining(backup.recoveryPointId) as string,
        createdResourceArn: 'arn:aws:s3:::e2e-records-restored',
        resourceType: 'S3',
        percentDone: 100,
      });
    });

    test('a failed job has an event too', async () => {
      await world().main.backups.run({ bucket: Bucket.missing });
      const { detail } = await delivered(DetailType.backupJob, {
        resourceArn: `arn:aws:s3:::${Bucket.missing}`,
        state: 'FAILED',
      });
      expect(detail.statusMessage).toMatch(/^BucketNotFound: /);
    });
  });

  describe('a schedule', () => {
    test('starts one job for each bucket, with its windows', async () => {
      const jobs = async () =>
        (await Promise.all(Bucket.scheduled.map((name) => world().records(name, 'JOB#')))).flat();
      const done = async (): Promise<boolean> =>
        (await jobs()).filter(({ state }) => state === 'COMPLETED').length === Bucket.scheduled.length;
      await eventually(done, deliveryLimitMs);
      const found = await jobs();
      expect(found.map(({ bucket }) => bucket).sort()).toEqual([...Bucket.scheduled]);
      for (const job of found) expect(job).toMatchObject({ state: 'COMPLETED', plan: 'nightly' });

      const inputs = (await world().main.backups.inputs()).map(({ input }) => input as Record<string, unknown> | null);
      for (const bucket of Bucket.scheduled) {
        const own = inputs.filter((input) => input?.bucket === bucket);
        expect(own).toHaveLength(1);
        const { scheduled, deleteAfterDays } = own[0] as { scheduled: Record<string, string>; deleteAfterDays: number };
        expect(deleteAfterDays).toBe(35);
        const { plan, scheduledTime, startBy, completeBy, notBefore } = scheduled;
        expect(plan).toBe('nightly');
        const order = [scheduledTime, notBefore, startBy, completeBy];
        expect([...order].sort()).toEqual(order);
      }
    });
  });
}
