import type { Decision } from '../../../core/backup/decisions';
import type { Kind } from './kind';
import { folded, restate, take } from './logged';
import { mark } from './mark';
import { remove } from './remove';
import { reuse } from './reuse';
import { retry } from './retry';
import { store } from './store';

const KINDS: { readonly [K in Decision['kind']]: Kind<K> } = {
  store,
  mark,
  reuse,
  remove,
  take,
  folded,
  restate,
  retry,
};

/** How a decision is carried out, by its kind. */
export const kindOf = ({ kind }: Decision): Kind<Decision['kind']> => KINDS[kind] as Kind<Decision['kind']>;
