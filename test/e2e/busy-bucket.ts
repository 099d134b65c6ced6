import { ErrorName } from '../../lambda/contract/errors';
import { eventually } from '../../local/service/process-group';
import { inParallel } from '../../local/support/parallel';
import { Bucket } from './buckets';
import type { E2eWorld } from './world';

const objects = 400;
const lockLimitMs = 10 * 60_000;

const minutesFromNow = (minutes: number): string =>
  new Date(Date.now() + minutes * 60_000).toISOString().replace(/\.\d+/, '');
const scheduled = (startBy: number, completeBy: number) => ({
  plan: 'by hand',
  rule: 'once',
  scheduledTime: minutesFromNow(-30),
  startBy: minutesFromNow(startBy),
  completeBy: minutesFromNow(completeBy),
});

export function busyBucket(world: () => E2eWorld): void {
  describe('one job at a time for each bucket', () => {
    const jobs = async (state: string): Promise<number> =>
      (await world().records(Bucket.busy, 'JOB#')).filter((record) => record.state === state).length;
    /** Starts a backup of everything, and waits until it has the bucket. */
    const startAndHold = async (): Promise<string> => {
      const arn = await world().main.backups.start({ bucket: Bucket.busy, metadata: 'FULL' });
      expect(await eventually(async () => (await jobs('RUNNING')) > 0, lockLimitMs)).toBe(true);
      return arn;
    };

    beforeAll(async () => {
      const bucket = await world().newBucket({ name: Bucket.busy });
      const keys = Array.from({ length: objects }, (_, index) => `busy/${index}`);
      await inParallel(keys, 8, (key) => bucket.put(key, { body: key, tags: { k: 'v' } }));
      bucket.destroy();
    });

    test('of two that are started at once, one does it and the other says so', async () => {
      const { backups } = world().main;
      const started = await Promise.all([1, 2].map(() => backups.start({ bucket: Bucket.busy })));
      const ended = await Promise.all(started.map((arn) => backups.ended(arn)));
      expect(ended.map(({ status }) => status).sort()).toEqual(['FAILED', 'SUCCEEDED']);
      expect(ended.find(({ status }) => status === 'FAILED')).toMatchObject({
        error: ErrorName.backupAlreadyRunning,
        cause: expect.stringMatching(/job .* is backing up bucket "e2e-busy"/) as string,
      });
      expect((await world().main.files()).filter((name) => name.startsWith('buckets/e2e-busy/timeline/'))).toHaveLength(
        1,
      );
    });

    test('a scheduled job waits as PENDING until the bucket is free', async () => {
      const { backups } = world().main;
      const first = await startAndHold();
      const second = await backups.start({ bucket: Bucket.busy, scheduled: scheduled(60, 120) });
      expect(await backups.ended(first)).toMatchObject({ status: 'SUCCEEDED' });
      const { arn, status, output } = await backups.ended(second);
      expect(status).toBe('SUCCEEDED');
      const states = await backups.enteredStates(arn);
      expect(states).toContain('Wait for the bucket');
      // It was due before the first one began, so it finds all that it would look for.
      expect(states.slice(-2)).toEqual(['Bucket busy?', 'Commit']);
      expect(output).toMatchObject({ versions: objects, stored: 0, reused: objects, requests: {} });
    });

    test('a scheduled job whose start window is over is EXPIRED', async () => {
      const { error, cause } = await world().main.backups.run({ bucket: Bucket.busy, scheduled: scheduled(-1, 60) });
      expect(error).toBe(ErrorName.startWindowExceeded);
      expect(cause).toMatch(/start window/);
      expect(await jobs('EXPIRED')).toBe(1);
    });

    test('the bucket of a job that was stopped is free for the next one', async () => {
      const { backups } = world().main;
      const arn = await startAndHold();
      await backups.stop(arn);
      expect(await backups.ended(arn)).toMatchObject({ status: 'ABORTED' });
      expect(await backups.run({ bucket: Bucket.busy })).toMatchObject({ status: 'SUCCEEDED' });
    });

    test('… and its record says that it was stopped, wherever that was', async () => {
      const { backups } = world().main;
      const late = { ...scheduled(60, 120), notBefore: minutesFromNow(600) };
      const waiting = await backups.start({ bucket: Bucket.busy, scheduled: late });
      await backups.stop(waiting);
      const aborted = async () =>
        (await world().records(Bucket.busy, 'JOB#')).filter(({ state }) => state === 'ABORTED');
      expect(await eventually(async () => (await aborted()).length === 2, lockLimitMs)).toBe(true);
      const records = await aborted();
      expect(records).toContainEqual(
        expect.objectContaining({
          executionArn: waiting,
          type: 'BACKUP',
          plan: 'by hand',
          statusMessage: 'the execution was stopped',
          completedAt: expect.any(String) as string,
        }),
      );
      for (const { jobId } of records)
        expect(
          await eventually(
            async () =>
              (await world().events.inputs()).some(({ input }) => {
                const { detail } = input as { detail: Record<string, unknown> };
                return detail.backupJobId === jobId && detail.state === 'ABORTED';
              }),
            lockLimitMs,
          ),
        ).toBe(true);
      expect(await jobs('RUNNING')).toBe(0);
      expect((await world().records(Bucket.busy, 'LOCK'))[0]).not.toHaveProperty('jobId');
    });
  });
}
