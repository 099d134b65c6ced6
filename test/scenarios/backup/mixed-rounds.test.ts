import { ManualDeadline, type MemoryVersion } from '../../../lambda/adapters/memory';
import { SETTLE_SECONDS } from '../../../lambda/contract/change-log-schema';
import { StoreError } from '../../../lambda/ports/object-store';
import type { BackupOutput } from '../../../lambda/usecases/backup/commit';
import type { CaptureMessage } from '../../../lambda/usecases/capture/changes';
import { type VersionState, stateOf } from '../../support/bucket-state';
import { ChangedBucket } from '../../support/changed-bucket';
import { pick, type Random, randomOf } from '../../support/dice';
import { deliverReport } from '../../support/inventory-report';
import { seeds } from '../../support/seeds';
import { Rig, SCRATCH } from '../support/rig';

/**
 * Many rounds of a client that does as it likes, and jobs of every kind in turn: listings and reports (whole ones, and such that leave
 * versions out), ALL and CURRENT, full reads and the change log, cut into turns of any length, with requests that fail. After each
 * round the recovery point is restored and compared with what the bucket had at its instant.
 */
class Dice {
  private readonly random: Random;
  constructor(seed: number) {
    this.random = randomOf(seed);
  }
  /** A number from 0 up to and without `below`. */
  next(below: number): number {
    return Math.floor(this.random() * below);
  }
  oneIn(n: number): boolean {
    return this.next(n) === 0;
  }
  pick<T>(items: readonly T[]): T {
    return pick(this.random, items);
  }
}

const KEYS = ['a', 'a\u0000b', 'a/', 'b', 'b b+%', '\ud7ff', '\ue000', '\u{10000}'];
const idOf = ({ key, versionId, etag, lastModified }: MemoryVersion): string =>
  `${key}\n${versionId}${versionId === 'null' ? `/${etag}/${String(lastModified)}` : ''}`;

/** A version at the instant of a recovery point. */
interface Seen {
  readonly id: string;
  readonly key: string;
  readonly state: VersionState;
}

class Rounds {
  readonly rig: Rig;
  readonly client: ChangedBucket;
  /** Versions that the vault has: bodies and markers. */
  private readonly known = new Set<string>();
  /** When the tags of a version were last logged; infinite until they are. */
  private readonly retagged = new Map<string, number>();
  private readonly late: CaptureMessage[] = [];
  private readonly points = new Map<string, Map<string, VersionState[]>>();
  private bodies = 0;
  log: string[] = [];

  constructor(
    private readonly dice: Dice,
    private readonly options: { readonly reports: boolean },
  ) {
    const settings = {
      rangeWeight: dice.pick([0.05, 2, 5, 1000]),
      pageSegments: dice.pick([1, 2, 5, 2_048]),
      sortRows: dice.pick([1, 2, 5, 1000]),
      inventoryUnitBytes: dice.pick([1, 300, 1_000_000]),
      listingUnitRows: dice.pick([1, 3, 1000]),
      packThreshold: dice.pick([0, 12, 1000]),
      concurrency: dice.pick([1, 3, 32]),
    };
    this.rig = new Rig({ settings, pageSize: dice.pick([1, 2, 3, 1000]), deadline: new ManualDeadline() });
    this.rig.s3.createBucket('src', { versioning: 'Disabled' });
    for (const key of KEYS) if (dice.oneIn(3)) this.put(key);
    this.rig.s3.setVersioning('src', 'Enabled');
    this.client = new ChangedBucket(this.rig.s3, 'src');
    this.log.push(JSON.stringify(settings));
  }

  private put(key: string): void {
    const number = String(++this.bodies);
    this.rig.s3.put('src', key, `body ${number}`.padEnd(this.dice.pick([6, 12, 13, 40]), '.'), {
      tags: this.dice.oneIn(3) ? { first: number } : {},
    });
  }

  private change(): void {
    const { dice, rig } = this;
    const key = dice.pick(KEYS);
    const history = rig.s3.history('src', key);
    const version = history[dice.next(history.length)];
    switch (dice.next(8)) {
      case 0:
        rig.s3.delete('src', key);
        break;
      case 1:
        if (version) rig.s3.deleteVersion('src', key, version.versionId);
        break;
      case 2:
        if (rig.s3.history('src', key)[0]?.isMarker) rig.s3.undelete('src', key);
        break;
      case 3:
        if (!version || version.isMarker) break;
        this.retagged.set(idOf(version), Number.POSITIVE_INFINITY);
        this.client.tag(key, { again: String(++this.bodies) }, version.versionId);
        break;
      case 4:
        rig.s3.advance(dice.next(3));
        break;
      default:
        this.put(key);
    }
  }

  private changes(most: number): void {
    for (let n = this.dice.next(most + 1); n > 0; n--) this.change();
  }

  /** Delivers events: late, twice and in any order. */
  private async capture(): Promise<void> {
    const { dice, rig } = this;
    this.late.push(...this.client.take());
    const now = this.late.splice(0).filter((message) => {
      const waits = dice.oneIn(4);
      if (waits) this.late.push(message);
      return !waits;
    });
    const batch = now.flatMap((message) => (dice.oneIn(5) ? [message, message] : [message]));
    batch.sort(() => dice.next(3) - 1);
    expect(await rig.capture(batch)).toEqual([]);
    const waiting = new Set(this.late.map(({ body }) => body));
    for (const { body } of now) {
      const { object } = (JSON.parse(body) as { detail: { object: { key: string; 'version-id'?: string } } }).detail;
      const { key, 'version-id': id = 'null' } = object;
      const again = [...waiting].some((other) => other.includes(JSON.stringify(object)));
      const version = rig.s3.history('src', key).find(({ versionId }) => versionId === id);
      if (version && !again) this.retagged.set(idOf(version), rig.s3.now);
    }
  }

  async round(): Promise<void> {
    const { dice, rig } = this;
    this.changes(8);
    await this.capture();
    rig.s3.advance(dice.pick([1, 30, SETTLE_SECONDS + 1, 3 * SETTLE_SECONDS]));
    const versions = dice.oneIn(4) ? 'CURRENT' : 'ALL';
    const metadata = dice.oneIn(5) ? 'FULL' : 'EVENTS';
    const byReport = this.options.reports && dice.oneIn(2);
    const omitted = new Set<string>();
    let asOf = rig.s3.now;
    if (byReport) {
      const share = dice.pick([0, 0, 3]);
      const all = new Map(
        rig.s3.versions('src').map((version) => [`${version.key}\n${version.versionId}`, idOf(version)]),
      );
      deliverReport(rig.s3, 'src', SCRATCH, {
        format: dice.pick(['CSV', 'Parquet']),
        files: dice.pick([1, 2, 4]),
        change: (records) =>
          records.filter((record) => {
            const omits = share > 0 && dice.oneIn(share);
            const versionId = record['VersionId'] === '' ? 'null' : (record['VersionId'] ?? '');
            if (omits) omitted.add(all.get(`${record['Key'] ?? ''}\n${versionId}`) ?? '');
            return !omits;
          }),
      });
      asOf = rig.s3.now;
    }
    const snapshot = rig.s3.versions('src').map((version): Seen => ({
      id: idOf(version),
      key: version.key,
      state: stateOf(version),
    }));
    if (byReport && dice.oneIn(2)) {
      rig.s3.advance(60);
      this.changes(4);
    }
    const tagsAt = rig.s3.now;
    const output = await this.backup({ bucket: 'src', source: byReport ? 'inventory' : 'listing', versions, metadata });
    this.log.push(
      `${output.recoveryPointId.slice(-2)} ${output.source} ${versions} ${metadata} ${output.status} ` +
        `omitted ${String(omitted.size)} ${JSON.stringify(output.skipped)}`,
    );
    // Tags of these may be older or newer than those of the instant.
    const isDirty = (id: string): boolean => {
      const at = this.retagged.get(id);
      return at !== undefined && (at > asOf || at > tagsAt - SETTLE_SECONDS - 1);
    };
    const present = new Set(rig.s3.versions('src').map(idOf));
    await this.compare({ output, versions, snapshot, omitted, present, isDirty });
  }

  private async backup(input: {
    bucket: string;
    source: string;
    versions: string;
    metadata: string;
  }): Promise<BackupOutput> {
    const { dice, rig } = this;
    const turns = dice.pick([
      [Number.POSITIVE_INFINITY, 0],
      [0, 0],
      [7, 1],
      [30, 1],
    ] as const);
    [rig.deadline.remaining, rig.deadline.spentPerLook] = turns;
    rig.retries = 0;
    if (dice.oneIn(3)) {
      rig.retries = 1_000;
      const often = dice.pick([60, 200]);
      for (const store of rig.stores) {
        store.calls.beforeCall = () => {
          if (dice.oneIn(often)) throw new StoreError('unavailable', 'the request never arrived');
        };
        store.calls.afterCall = () => {
          if (dice.oneIn(often)) throw new StoreError('unavailable', 'the answer got lost');
        };
      }
    }
    try {
      return await rig.backup(input);
    } finally {
      for (const store of rig.stores) store.calls.beforeCall = store.calls.afterCall = undefined;
      rig.retries = 0;
      rig.deadline.remaining = Number.POSITIVE_INFINITY;
      rig.deadline.spentPerLook = 0;
    }
  }

  private async compare(facts: {
    readonly output: BackupOutput;
    readonly versions: 'ALL' | 'CURRENT';
    readonly snapshot: readonly Seen[];
    readonly omitted: ReadonlySet<string>;
    readonly present: ReadonlySet<string>;
    readonly isDirty: (id: string) => boolean;
  }): Promise<void> {
    const { output, versions, snapshot, omitted, present, isDirty } = facts;
    // Of CURRENT points the current version counts.
    const currentIds = new Set<string>();
    for (const [index, { id, key }] of snapshot.entries()) if (snapshot[index - 1]?.key !== key) currentIds.add(id);
    const isKept = ({ id }: Seen): boolean =>
      (omitted.has(id) ? this.known.has(id) && present.has(id) : present.has(id) || this.known.has(id)) &&
      (versions === 'ALL' || currentIds.has(id));
    // Where a version could not be stored, a restore leaves out the key when it was the newest.
    const unsure = new Set(
      snapshot
        .filter((seen) => !omitted.has(seen.id) && !isKept(seen) && (versions === 'ALL' || currentIds.has(seen.id)))
        .map(({ key }) => key),
    );
    if (versions === 'CURRENT') for (const { id, key } of snapshot) if (omitted.has(id)) unsure.add(key);
    const expected = new Map<string, Seen[]>();
    for (const seen of snapshot) {
      if (!isKept(seen) || unsure.has(seen.key)) continue;
      expected.set(seen.key, [seen, ...(expected.get(seen.key) ?? [])]);
    }
    for (const seen of snapshot) if (isKept(seen)) this.known.add(seen.id);
    for (const [key, seen] of expected) {
      const first = seen.findIndex(({ state }) => !state.marker);
      if (first < 0 || (versions === 'CURRENT' && seen.at(-1)?.state.marker)) expected.delete(key);
      else expected.set(key, seen.slice(first));
    }
    const { restored, exact, objects } = await this.restored(output.recoveryPointId, versions);
    // A report of CURRENT versions that leaves out the newest one shows the next: the vault has that one as well.
    for (const { id, key, state } of snapshot) {
      const got = unsure.has(key) ? (restored.get(key) ?? []) : [];
      if (got.some((one) => JSON.stringify(one) === JSON.stringify(state))) this.known.add(id);
    }
    const context = this.log.join('\n');
    for (const key of new Set([...restored.keys(), ...expected.keys()])) {
      if (unsure.has(key)) continue;
      const got = restored.get(key) ?? [];
      const want = expected.get(key) ?? [];
      const bare = ({ tags: _, ...state }: VersionState): object => state;
      const sorted = (states: object[]): unknown[] =>
        exact ? states : states.map((state) => JSON.stringify(state)).sort();
      expect({ context, key, states: sorted(got.map(bare)) }).toEqual({
        context,
        key,
        states: sorted(want.map(({ state }) => bare(state))),
      });
      if (exact)
        want.forEach(({ id, state }, place) => {
          if (!isDirty(id)) expect({ context, id, tags: got[place]?.tags }).toEqual({ context, id, tags: state.tags });
        });
    }
    if (omitted.size === 0 && unsure.size === 0) {
      expect({ context, status: output.status, skipped: output.skipped }).toEqual({
        context,
        status: 'COMPLETED',
        skipped: {},
      });
      expect({ context, objects: output.objects }).toEqual({ context, objects });
    }
    if (unsure.size === 0 && omitted.size === 0) this.points.set(`${output.recoveryPointId} ${versions}`, restored);
  }

  private async restored(recoveryPointId: string, versions: 'ALL' | 'CURRENT') {
    const { rig } = this;
    const destinationBucket = `dst-${rig.nextName()}`;
    const request = { sourceBucket: 'src', recoveryPointId, destinationBucket, createBucket: true };
    const { exact } = await rig.restore(versions === 'ALL' ? { ...request, versions: 'all' } : request);
    const restored = new Map<string, VersionState[]>();
    for (const version of rig.s3.versions(destinationBucket))
      restored.set(version.key, [stateOf(version), ...(restored.get(version.key) ?? [])]);
    const objects = rig.s3.keys(destinationBucket).length;
    rig.s3.deleteBucket(destinationBucket);
    return { restored, exact, objects };
  }

  /** What an earlier point has does not change. */
  async lookBack(): Promise<void> {
    for (const [name, before] of this.points) {
      if (!this.dice.oneIn(4)) continue;
      const [point = '', versions] = name.split(' ');
      const { restored } = await this.restored(point, versions as 'ALL' | 'CURRENT');
      expect({ context: this.log.join('\n'), name, restored }).toEqual({
        context: this.log.join('\n'),
        name,
        restored: before,
      });
    }
  }
}

const SEEDS = seeds(6, 1);

describe.each([
  ['listings', false],
  ['listings and reports', true],
] as const)('rounds of %s', (_, reports) => {
  test.each(SEEDS)(
    'every recovery point gives back its instant, and later ones do not change it (seed %i)',
    async (seed) => {
      const rounds = new Rounds(new Dice(seed * 7919), { reports });
      for (let n = 0; n < 14; n++) await rounds.round();
      await rounds.lookBack();
    },
  );
});
