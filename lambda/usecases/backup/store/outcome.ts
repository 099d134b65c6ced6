import type { Decision } from '../../../core/backup/decisions';
import type { Row } from '../../../core/history/row';
import type { Stored } from '../../versions/version-store';
import type { Placed } from './batch';

export type DecisionOf<K extends Decision['kind']> = Extract<Decision, { readonly kind: K }>;

export type PlacedOf<K extends Decision['kind']> = Placed & { readonly decision: DecisionOf<K> };

/** A version that the vault has, with what changed of its tags and ACL, if they may be read. */
export interface Reused {
  readonly kind: 'reused';
  readonly states: readonly Row[];
  readonly isRefused?: true;
}

/** A version that the vault has, or that has a reason why not. */
export type Kept = Exclude<Stored, { kind: 'unfinished' }> | Reused;

/** What carrying a decision out has led to. */
export type Outcome =
  | Stored
  | Kept
  | { readonly kind: 'nothing' }
  /** With what nobody knows of its time since the job began. */
  | { readonly kind: 'gone'; readonly states?: readonly Row[] }
  /** A marker that the report lists is not there. */
  | { readonly kind: 'absent' }
  /** A report leaves out what is there. */
  | { readonly kind: 'omitted'; readonly isRead: boolean; readonly then: Kept };

export const NOTHING: Outcome = { kind: 'nothing' };
