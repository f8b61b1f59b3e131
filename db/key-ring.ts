import type { KeyRing } from '../domain/kernel/index.ts';
import { VezaError } from '../domain/errors.ts';
import type { Db, Tx } from './client.ts';

// A verb seals what is personal in its transaction, wherever in it that is written. So the ring comes with the transaction,
// as its connection does, and not through the arguments of all verbs.

const RING = Symbol('the ring that personal data is sealed under');

interface Keyed {
  readonly [RING]?: KeyRing | undefined;
}

/** Gives a database its ring, and so each of its transactions, those within others too. */
export function keepRing<One extends Db | Tx>(one: One, ring: KeyRing | undefined): One {
  if (ring === undefined) return one;
  const begin = one.transaction.bind(one);
  const transaction: typeof one.transaction = (deed, settings) =>
    begin((tx) => deed(keepRing(tx, ring)), settings);
  return Object.assign(one, { [RING]: ring, transaction });
}

/** The ids of its keys; none where it was opened without a ring. */
export const ringIdsOf = (one: Db | Tx): readonly string[] =>
  (one as Keyed)[RING]?.keys.map(({ id }) => id) ?? [];

/** The ring of a database or of a transaction. Throws `personal_data_unreadable` where it was opened without one. */
export function ringOf(one: Db | Tx): KeyRing {
  const { [RING]: ring } = one as Keyed;
  if (ring === undefined) {
    throw new VezaError('personal_data_unreadable', 'PERSONAL_DATA_KEYS: is missing.');
  }
  return ring;
}
