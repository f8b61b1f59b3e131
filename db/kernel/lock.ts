import { VezaError } from '../../domain/errors.ts';
import type { Tx } from '../client.ts';

/** Something that a verb was told to act on is not there: a defect or a database that was cut back. */
export class MissingRow extends Error {
  override readonly name = 'MissingRow';
  readonly id: string;

  constructor(what: string, id: string) {
    super(`there is no ${what} ${id}`);
    this.id = id;
  }
}

type Named = 'order' | 'refund' | 'transfer' | 'reversal' | 'payout';

/** Locks what an operator names: what is not there is their mistake, and no defect. Throws `…_not_found`. */
export async function lockNamed<Row>(
  tx: Tx,
  what: Named,
  id: string,
  lock: (tx: Tx, id: string) => Promise<Row>,
): Promise<Row> {
  try {
    return await lock(tx, id);
  } catch (error) {
    if (!(error instanceof MissingRow) || error.id !== id) throw error;
    throw new VezaError(`${what}_not_found`, `There is no ${what} ${id}.`);
  }
}
