import { holdingsOf, reasonOf } from '../../../../../lambda/core/backup/holdings';
import { fromIso } from '../../../../../lambda/core/values/instant';
import { total } from '../../../../../lambda/core/values/counts';
import type { BackupOutput } from '../../../../../lambda/usecases/backup/commit';
import { historyOfCommit, viewsOf } from '../../../../../lambda/usecases/history/at';
import type { KeyView } from '../../../../../lambda/core/history/view';
import type { Rig } from '../../../support/rig';
import { type BucketModel, type Held, readersOf } from './bucket-model';
import { Bodies } from './instants';
import { lastingReason, type Reasons } from './reasons';

/** What a recovery point is compared with. */
export interface PointFacts {
  readonly model: BucketModel;
  readonly reasons: Reasons;
  /** Keys of which a point of changes may not know all yet. */
  readonly behind: ReadonlySet<string>;
  /** Keys of which an event came too late. */
  readonly late: ReadonlySet<string>;
}

/** Reasons for which a body is missing that somebody might have read. */
const PASSING = ['access-denied', 'version-gone', 'pending'];

/** Compares a recovery point with the model at its instant: versions, bodies, tags, ACLs, numbers and status. */
export async function comparePoint(
  rig: Rig,
  output: BackupOutput,
  { model, reasons, behind, late }: PointFacts,
): Promise<void> {
  const found = await rig.ports.vault.readManifest('src', Number(output.recoveryPointId.split('/')[1]));
  if (!found) throw new Error(`no manifest of ${output.recoveryPointId}`);
  const { manifest } = found;
  const asOf = fromIso(manifest.asOf);
  const views = new Map<string, KeyView>();
  for await (const view of viewsOf(rig.ports, historyOfCommit(found), manifest, { from: '' }))
    views.set(view.key, view);
  const bodies = new Bodies(rig);
  const isStale = manifest.changesMissed === true;
  const known = fromIso(manifest.metadataThrough ?? '1970-01-01T00:00:00Z');
  const missing: Record<string, number> = {};
  for (const key of new Set([...views.keys(), ...model.keys])) {
    const view = views.get(key);
    const isCurrent = manifest.versions === 'CURRENT';
    const versions = (view?.versions ?? []).slice(0, isCurrent ? 1 : undefined);
    const held = model.at(key, asOf).slice(0, isCurrent ? 1 : undefined);
    for (const { row } of versions) {
      if (row.kind !== 'put' || row.file) continue;
      missing[reasonOf(row)] = (missing[reasonOf(row)] ?? 0) + 1;
    }
    if (behind.has(key) || !model.keys.has(key) || (view?.uncertain ?? []).length > 0) continue;
    const say = (what: string): Error =>
      new Error(
        `${key} at ${String(asOf)}, ${output.source} ${manifest.versions}: ${what}\n${model.linesOf(key, asOf)}`,
      );
    // A current delete marker hides everything, and a point of current versions need not tell of it.
    const told = versions.filter(({ row }) => !isCurrent || row.kind === 'put');
    const was = held.filter(({ version }) => !isCurrent || !version.isMarker);
    const ids = [told.map(({ row }) => row.versionId).join(), was.map(({ version }) => version.versionId).join()];
    if (ids[0] !== ids[1]) throw say(`${String(ids[0])} instead of ${String(ids[1])}`);
    for (const [place, { row, tags, acl }] of told.entries()) {
      const { version, ...state } = was[place] as Held;
      if (row.kind !== 'put') continue;
      if (!row.file) {
        const lasting = lastingReason(version);
        // One that was stored minutes before, and may not be read now, is not in the commit yet.
        const isJustStored = (reasons.captured.get(version) ?? 0) > rig.s3.now - rig.ports.settings.settleSeconds - 300;
        if (reasons.stored.has(version) && !(isJustStored && version.refusedBy))
          throw say(`the body of ${row.versionId} is missing for no reason`);
        if (lasting !== reasonOf(row) && !PASSING.includes(reasonOf(row)))
          throw say(`${reasonOf(row)} of ${row.versionId} instead of ${lasting ?? 'nothing'}`);
        continue;
      }
      const facts = [Buffer.from(version.body).toString(), state.tags, state.readers];
      const own = [await bodies.of(row), tags, readersOf(acl)];
      const isSettled = !isStale && !late.has(key) && state.since <= Math.min(known, asOf);
      const size = isSettled ? 3 : 1;
      if (JSON.stringify(own.slice(0, size)) !== JSON.stringify(facts.slice(0, size)))
        throw say(`${row.versionId} has ${JSON.stringify(own)} instead of ${JSON.stringify(facts)}`);
    }
  }
  const { source, skipped, status } = output;
  const facts = { source, asOf, versions: manifest.versions };
  if (source === 'changes' || (source === 'listing' && manifest.versions === 'ALL'))
    expect({ ...facts, skipped: total(skipped) }).toEqual({ ...facts, skipped: total(missing) });
  if (source === 'changes') expect({ ...facts, skipped }).toEqual({ ...facts, skipped: missing });
  if (total(skipped) > 0 || total(missing) > 0) expect({ ...facts, status }).toEqual({ ...facts, status: 'PARTIAL' });
  else if (!isStale) expect({ ...facts, status }).toEqual({ ...facts, status: 'COMPLETED' });
  if (manifest.versions !== 'ALL') return;
  const all = [...views.values()].map(({ versions }) => holdingsOf(versions));
  const sum = (of: (one: ReturnType<typeof holdingsOf>) => number): number => all.reduce((n, one) => n + of(one), 0);
  const numbers = { objects: sum(({ objects }) => objects), versions: sum(({ versions }) => versions) };
  expect({ ...facts, objects: output.objects, versions: output.versions }).toEqual({ ...facts, ...numbers });
}
