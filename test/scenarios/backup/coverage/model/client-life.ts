import type { MemoryVersion } from '../../../../../lambda/adapters/memory';
import type { ClientPut } from '../../../../../lambda/adapters/memory/memory-s3';
import { decodedKey } from '../../../../../lambda/core/keys/decoded-key';
import type { Tags } from '../../../../../lambda/ports/object-store';
import type { LiveBucket } from '../../../../support/live-bucket';
import type { Rig } from '../../../support/rig';
import type { BucketModel } from './bucket-model';
import type { Deliveries } from './deliveries';
import type { Dice } from './model-dice';
import type { Reasons } from './reasons';

const HOUR = 3600;
const KEYS = 120;
/** One of so many keys looks as if it were URL-encoded. */
const ODD = 12;
/** Keys that are written while versioning is suspended: so few that null versions take each other's place. */
const HOT = 8;

const KEY_NAMES = Array.from({ length: KEYS }, (_, n) => {
  const name = `k${String(n).padStart(3, '0')}`;
  return n % ODD === 0 ? `${name} a+b%20c` : name;
});
const HOT_NAMES = KEY_NAMES.filter((key) => decodedKey(key) === undefined).slice(0, HOT);

/** A version that an event says to be gone and that is there. It stays until a listing has seen it. */
interface Denied {
  readonly key: string;
  readonly version: MemoryVersion;
  readonly told: { readonly captured?: number };
}

/** Clients of a bucket, and those who administer it, who do what they like. */
export class ClientLife {
  private readonly unseen = new Set<string>();
  private denied: Denied[] = [];
  private refused: { readonly version: MemoryVersion; readonly until: number }[] = [];
  private suspendedUntil = 0;
  private replicas = 0;
  /** No replica is older than the continuous backup. */
  private readonly first: number;

  constructor(
    private readonly rig: Rig,
    private readonly client: LiveBucket,
    private readonly dice: Dice,
    private readonly parts: { readonly model: BucketModel; readonly deliveries: Deliveries; readonly reasons: Reasons },
  ) {
    this.first = rig.s3.now;
  }

  get keys(): readonly string[] {
    return KEY_NAMES;
  }

  /** Something happens to some key. */
  act(n: number): void {
    const { dice, rig, client } = this;
    const keys = this.givesNulls ? HOT_NAMES : KEY_NAMES;
    const key = keys[dice.upTo(keys.length)] ?? '';
    const versions = rig.s3.history('src', key);
    const [current] = versions;
    const any = versions[dice.upTo(versions.length)];
    const kind = dice.upTo(100);
    if (kind < 40 || !current || !any) this.put(key, n);
    else if (kind < 46) this.upload(key, n);
    else if (kind < 60) this.created(key, client.delete(key, this.replicaOf(0.05)));
    else if (kind < 68) {
      if (current.isMarker) this.deleteVersion(key, current);
    } else if (kind < 76) this.deleteVersion(key, any);
    else if (kind < 78) this.refuse(any);
    else if (kind < 79) this.deny(key, any);
    else if (!any.isMarker) this.describe(key, any, n);
    this.parts.model.note(key);
  }

  /** What ends by itself. */
  pass(): void {
    const { rig, dice } = this;
    const due = this.refused.filter(({ until }) => until <= rig.s3.now);
    for (const { version } of due) version.refusedBy = undefined;
    this.refused = this.refused.filter(({ until }) => until > rig.s3.now);
    if (this.isSuspended && this.suspendedUntil <= rig.s3.now) this.enable();
    else if (!this.isSuspended && dice.chance(0.004)) {
      rig.s3.setVersioning('src', 'Suspended');
      this.suspendedUntil = rig.s3.now + dice.upTo(1200);
    }
  }

  /** Versioning holds everywhere only some time later. */
  enable(): void {
    if (this.isSuspended) this.rig.s3.setVersioning('src', 'Enabled', { holdsAfter: this.dice.upTo(300) });
  }

  /** All versions were listed just now: what no event has told of is known. */
  listed(): void {
    const { now } = this.rig.s3;
    this.unseen.clear();
    const settle = this.rig.ports.settings.settleSeconds + 300;
    this.denied = this.denied.filter(({ told: { captured = Infinity } }) => captured + settle >= now);
    this.parts.deliveries.listed = now;
  }

  /** Keys that have a version of which an event says wrongly that it is gone. */
  get deniedKeys(): ReadonlySet<string> {
    return new Set(this.denied.map(({ key }) => key));
  }

  private get isSuspended(): boolean {
    return this.rig.s3.bucket('src').versioning === 'Suspended';
  }

  /** Whether writes get no version ID. */
  private get givesNulls(): boolean {
    return this.isSuspended || this.rig.s3.bucket('src').versionsFrom > this.rig.s3.now;
  }

  private put(key: string, n: number): void {
    const { dice, client } = this;
    const body = dice.chance(this.givesNulls ? 0.4 : 0.05) ? `${key} again` : `${key} ${String(n)}`;
    const tags: Tags = dice.chance(0.3) ? { n: String(n) } : {};
    const id = client.put(key, body, { tags, ...this.unreadable(), ...this.replicaOf(0.05) });
    this.created(key, id);
    if (dice.chance(0.04)) this.refuse(this.rig.s3.find('src', key, id));
  }

  private unreadable(): ClientPut {
    const { dice } = this;
    if (!dice.chance(0.04)) return {};
    return [{ sseC: true }, { storageClass: 'GLACIER' }, { missingMetadata: 1 }][dice.upTo(3)] ?? {};
  }

  /** An upload by parts that began before: dated by its start. */
  private upload(key: string, n: number): void {
    const { rig, dice, client } = this;
    const { now } = rig.s3;
    const at = Math.max(this.first, now - dice.upTo(30));
    const id = client.put(key, `${key} parts ${String(n)}`, { at, etag: `${String(n)}-2` });
    rig.s3.now = now;
    this.created(key, id);
  }

  /** Some versions come from elsewhere, up to two hours after they were made there. */
  private replicaOf(share: number): Pick<ClientPut, 'replicaOf'> {
    const { dice, rig } = this;
    if (!dice.chance(share)) return {};
    const lastModified = Math.max(this.first, rig.s3.now - 6 - dice.upTo(2 * HOUR));
    return { replicaOf: { versionId: `elsewhere-${String(++this.replicas)}`, lastModified } };
  }

  private created(key: string, versionId: string): void {
    const { deliveries, reasons } = this.parts;
    const version = this.rig.s3.bucket('src').version(key, versionId);
    // When a listing finds that one null version is gone, whose place another one took, it does not tell since when.
    if (versionId === 'null') reasons.add(key, 'removal', 'marker-date');
    // Of a null version whose event is lost nothing is left once another one has taken its place.
    const mayBeLost = versionId !== 'null' && !this.isEncoded(key);
    if (deliveries.send(key, { mayBeLost, created: version }) === 'sent') return;
    this.unseen.add(versionId);
    reasons.add(key, 'visibility', 'same-second');
  }

  /** A version that nobody has told of and that is gone before any scan leaves no trace but the event of its deletion. */
  private deleteVersion(key: string, { versionId, isMarker }: MemoryVersion): void {
    const { deliveries, reasons } = this.parts;
    if (this.denied.some((one) => one.version.versionId === versionId && one.key === key)) return;
    const isUnseen = this.unseen.has(versionId);
    this.client.deleteVersion(key, versionId);
    if (isUnseen) reasons.add(key, 'unknown-version');
    // It may be gone before its date is read.
    if (isMarker) reasons.add(key, 'marker-date');
    const mayBeLost = !isUnseen && versionId !== 'null' && !this.isEncoded(key);
    if (deliveries.send(key, { mayBeLost }) === 'lost') reasons.add(key, 'removal');
  }

  /** A policy or a KMS key refuses it for a while. */
  private refuse(version: MemoryVersion): void {
    const { dice, rig } = this;
    if (version.refusedBy) return;
    version.refusedBy = dice.chance(0.5) ? 'policy' : 'key';
    const until = rig.s3.now + dice.upTo(dice.chance(0.1) ? 30 * HOUR : 2 * HOUR);
    this.refused.push({ version, until });
  }

  private deny(key: string, version: MemoryVersion): void {
    const { deliveries, reasons } = this.parts;
    if (version.versionId === 'null' || this.unseen.has(version.versionId)) return;
    this.client.deny(key, version.versionId);
    deliveries.send(key, { mayBeLost: false });
    const told = deliveries.told.at(-1);
    if (told) this.denied.push({ key, version, told });
    reasons.add(key, 'removal');
  }

  private describe(key: string, { versionId }: MemoryVersion, n: number): void {
    const { dice, client } = this;
    const { deliveries, reasons } = this.parts;
    if (dice.chance(0.7)) {
      client.tag(key, versionId, dice.chance(0.2) ? {} : { t: String(n) });
      reasons.add(key, 'tags');
    } else {
      const grants = [{ grantee: { id: `friend-${String(n % 5)}` }, permission: 'READ' as const }];
      client.grant(key, versionId, { owner: this.rig.s3.owner, grants });
      reasons.add(key, 'acl');
    }
    deliveries.send(key, { mayBeLost: false });
  }

  private isEncoded(key: string): boolean {
    return this.client.encodesKeys && decodedKey(key) !== undefined;
  }
}
