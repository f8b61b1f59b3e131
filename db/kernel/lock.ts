import { type ErrorCode, VezaError } from '../../domain/errors.ts';
import type { Tx } from '../client.ts';

/** A row that a verb has to act on is missing: a defect, or a database that was restored to an earlier time. */
export class MissingRow extends Error {
  override readonly name = 'MissingRow';
  readonly id: string;

  constructor(what: string, id: string) {
    super(`there is no ${what} ${id}`);
    this.id = id;
  }
}

type Named = ErrorCode extends infer Code ? (Code extends `${infer Name}_not_found` ? Name : never) : never;

/** Locks a row that an operator names: a missing one is their mistake, not a defect. Throws `…_not_found`. */
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
