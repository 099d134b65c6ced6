import { DetailType } from '../../../lambda/contract/events';
import { toIso } from '../../../lambda/core/values/instant';
import { hourlyUpkeeps } from '../support/continuous-rig';
import { Rig } from '../support/rig';

const HOUR = 3600;
const DAY = 24 * HOUR;

function written() {
  const rig = new Rig();
  rig.s3.createBucket('src');
  rig.s3.put('src', 'a', 'body');
  const now = Math.floor(rig.s3.now);
  const windows = { startBy: toIso(now + HOUR), completeBy: toIso(now + DAY) };
  const scheduled = { plan: 'the-plan', rule: 'Daily', scheduledTime: toIso(now), ...windows };
  const detailsOf = (type: string): unknown[] =>
    // What EventBridge gets is JSON.
    (JSON.parse(JSON.stringify(rig.events.published)) as typeof rig.events.published)
      .filter(({ detailType }) => detailType === type)
      .map(({ detail }) => detail);
  return { rig, scheduled, startBy: windows.startBy, detailsOf };
}
const createdBy = { backupPlanId: 'the-plan', backupPlanRuleId: 'Daily' };

test('a scheduled job and its recovery point say who asked for them, in the fields of AWS Backup', async () => {
  const { rig, scheduled, startBy, detailsOf } = written();
  const { asOf } = await rig.backup({ bucket: 'src', deleteAfterDays: 7, scheduled });
  const [running, completed] = detailsOf(DetailType.backupJob);
  expect(running).toMatchObject({ state: 'RUNNING', percentDone: 0, createdBy, startBy });
  expect(completed).toMatchObject({ state: 'COMPLETED', percentDone: 100, createdBy, startBy });
  const [point] = detailsOf(DetailType.recoveryPoint);
  expect(point).toMatchObject({
    status: 'COMPLETED',
    createdBy,
    completionDate: toIso(Math.floor(rig.s3.now)),
    lifecycle: { deleteAfterDays: 7 },
    calculatedLifeCycle: { deleteAt: toIso(Date.parse(asOf) / 1000 + 7 * DAY) },
  });
});

test('what a person asked for, and never expires, has neither', async () => {
  const { rig, detailsOf } = written();
  await rig.backup({ bucket: 'src' });
  for (const detail of [...detailsOf(DetailType.backupJob), ...detailsOf(DetailType.recoveryPoint)]) {
    for (const field of ['createdBy', 'startBy', 'lifecycle', 'calculatedLifeCycle', 'calculatedLifecycle'])
      expect(detail).not.toHaveProperty(field);
  }
});

test('a scheduled job that fails says so as well', async () => {
  const { rig, scheduled, startBy, detailsOf } = written();
  const input = { bucket: 'src', source: 'changes', scheduled };
  await expect(rig.backup(input)).rejects.toMatchObject({ name: 'ChangesIncomplete' });
  expect(detailsOf(DetailType.backupJob).at(-1)).toMatchObject({ state: 'FAILED', percentDone: 0, createdBy, startBy });
});

test('the continuous recovery point has its plan and the days of its window', async () => {
  const { rig, scheduled, detailsOf } = written();
  await rig.upkeep({ bucket: 'src', deleteAfterDays: 35, scheduled });
  await hourlyUpkeeps(rig, 1);
  const points = detailsOf(DetailType.recoveryPoint);
  expect(points).toHaveLength(1);
  expect(points[0]).toMatchObject({
    status: 'AVAILABLE',
    createdBy: { backupPlanId: 'the-plan' },
    lifecycle: { deleteAfterDays: 35 },
  });
  expect(points[0]).not.toHaveProperty('calculatedLifeCycle');
});
