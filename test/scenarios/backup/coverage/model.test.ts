import { LiveBucket } from '../../../support/live-bucket';
import { seeds } from '../../../support/seeds';
import { Rig } from '../../support/rig';
import { BucketModel } from './model/bucket-model';
import { ClientLife } from './model/client-life';
import { DailyReports } from './model/daily-reports';
import { Deliveries, DELIVERY } from './model/deliveries';
import { compareInstants } from './model/instants';
import { diceOf } from './model/model-dice';
import { comparePoint } from './model/points';
import { isReadable, Reasons } from './model/reasons';

/**
 * A model of a bucket under thousands of operations, many in one second, and of events that come twice, late, after a commit, in any order,
 * or never. What the vault says of any second is what the bucket had, or is labelled uncertain; and only keys whose events or bodies
 * went astray, or that were changed again before they were read, are.
 */
const HOUR = 3600;
const OPERATIONS = 10_000;
const INSTANTS = 200;

/** Recovery points of each kind; those of changes are the most, as in an hourly plan. */
const KINDS: readonly { readonly source: string; readonly versions?: string }[] = [
  { source: 'changes' },
  { source: 'changes' },
  { source: 'listing' },
  { source: 'listing', versions: 'CURRENT' },
  { source: 'inventory' },
  { source: 'inventory', versions: 'CURRENT' },
];
/** What a job may be refused for: changes that are not complete, and a report that is not there yet. */
const NOT_NOW = ['ChangesIncomplete', 'NoInventory'];

const sources = new Set<string>();

test.each(seeds(1, 20_261_125))(
  `${String(OPERATIONS)} operations: any second is as it was, or said to be uncertain (seed %i)`,
  async (seed) => {
    const dice = diceOf(seed);
    const rig = new Rig({ settings: { deliverySeconds: DELIVERY } });
    rig.s3.createBucket('src', { ownership: 'ObjectWriter' });
    const client = new LiveBucket(rig.s3, 'src');
    client.encodesKeys = seed % 2 === 1;
    const reasons = new Reasons();
    const model = new BucketModel(rig.s3, 'src');
    const deliveries = new Deliveries(rig, client, dice, reasons);
    const scheduled = () => {
      const at = (seconds: number): string => new Date((rig.s3.now + seconds) * 1000).toISOString();
      return { plan: 'p', rule: 'r', scheduledTime: at(0), startBy: at(HOUR), completeBy: at(24 * HOUR) };
    };
    const upkeep = (action = 'auto') =>
      rig.upkeep({ bucket: 'src', action, deleteAfterDays: 35, scheduled: scheduled() });
    await upkeep();
    rig.s3.advance(HOUR);
    await upkeep();
    rig.s3.advance(1);
    const first = rig.s3.now;
    const reports = new DailyReports(rig, deliveries, dice);
    const life = new ClientLife(rig, client, dice, { model, deliveries, reasons });

    let nextUpkeep = rig.s3.now + HOUR;
    const keepUp = async (action = 'auto'): Promise<void> => {
      life.enable();
      const due = storable();
      const { source } = await upkeep(action);
      const isListing = source === 'listing';
      for (const { version, isKnown } of due) if (isListing || isKnown) reasons.stored.add(version);
      if (isListing) life.listed();
      nextUpkeep = rig.s3.now + HOUR;
    };
    /** A recovery point of some kind, which has what the bucket had. */
    const backUp = async (): Promise<void> => {
      life.enable();
      const kind = KINDS[dice.upTo(KINDS.length)] ?? { source: 'changes' };
      const due = storable();
      const output = await rig.backup({ bucket: 'src', maxSourceAgeMinutes: 2880, ...kind }).catch((error: unknown) => {
        if (NOT_NOW.includes((error as Error).name)) return undefined;
        throw error;
      });
      if (!output) return;
      if (kind.source === 'listing' && !kind.versions) {
        for (const { version } of due) reasons.stored.add(version);
        life.listed();
      }
      // A listing knows better than any event.
      const behind = new Set(output.source === 'listing' ? [] : life.deniedKeys);
      const late = deliveries.behind(Date.parse(output.asOf) / 1000);
      if (output.source !== 'listing') for (const key of late) behind.add(key);
      const name = kind.versions ? `${output.source} ${kind.versions}` : output.source;
      points[name] = (points[name] ?? 0) + 1;
      await comparePoint(rig, output, { model, reasons, behind, late });
      rig.s3.advance(1);
    };
    const points: Record<string, number> = {};
    /** Versions that can be read now. What an event told of long ago, an upkeep has tried before and tries again. */
    const storable = () => {
      const told = new Map(deliveries.told.map(({ created, captured = Infinity }) => [created, captured]));
      return rig.s3
        .versions('src')
        .filter(isReadable)
        .map((version) => ({
          version,
          isKnown: version.versionId !== 'null' && (told.get(version) ?? Infinity) < rig.s3.now - 2 * HOUR,
        }));
    };
    const step = async (seconds: number): Promise<void> => {
      rig.s3.advance(seconds);
      life.pass();
      deliveries.disturb(life.keys);
      await deliveries.deliver();
      reports.deliver();
      if (rig.s3.now < nextUpkeep) return;
      await keepUp();
      rig.s3.advance(1);
      if (dice.chance(0.3)) await backUp();
    };
    const wait = async (seconds: number): Promise<void> => {
      await step(40);
      for (let waited = 40; waited < seconds; waited += 300) await step(300);
    };
    for (let n = 0; n < OPERATIONS; n++) {
      life.act(n);
      if (dice.chance(0.5)) await step(1 + dice.upTo(30));
      if (dice.chance(0.0015)) await wait(dice.upTo(8 * HOUR));
    }
    const last = rig.s3.now;
    await wait(4 * HOUR);
    for (let hours = 0; !deliveries.isEmpty; hours++) {
      if (hours > 100) throw new Error('events never come');
      await wait(HOUR);
    }
    await keepUp();
    await wait(24 * HOUR);
    await keepUp('reconcile');

    const seconds = Array.from(
      { length: INSTANTS },
      (_, n) => first + Math.floor(((last - first) * n) / INSTANTS) + dice.upTo(5),
    );
    const { exact, doubtful } = await compareInstants(rig, model, reasons, seconds);
    expect(exact).toBeGreaterThan(10 * doubtful);
    // Which kinds a life has is chance: dead letters keep points of changes from being made.
    expect(Object.keys(points)).not.toEqual([]);
    for (const source of Object.keys(points)) sources.add(source);
  },
);

test('recovery points of more than one source were compared', () => {
  expect([...sources].sort()).toEqual(['changes', 'inventory', 'inventory CURRENT', 'listing', 'listing CURRENT']);
});
