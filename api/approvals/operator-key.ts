import type { Context } from 'hono';
import type { Tx } from '../../db/client.ts';
import { keepAnswer } from '../../db/kernel/index.ts';
import type { KeptAnswer } from '../../domain/kernel/index.ts';
import type { ApiEnv } from '../context.ts';
import { assertSameBody, readIdempotency } from '../kernel/index.ts';

interface OperatorCall {
  readonly operationId: string;
  readonly subjectId: string;
  readonly body: unknown;
}

/**
 * Acts for an operator: only once, where the call has an `Idempotency-Key`. `act` runs its verb in the
 * transaction that it is given. A repeat gets the first answer with the same `work`, and the caller notifies the engine again, which
 * may have been away at the first call.
 */
export async function actOnce<Kept extends KeptAnswer>(
  c: Context<ApiEnv>,
  { operationId, subjectId, body }: OperatorCall,
  act: (tx: Tx) => Promise<Kept>,
): Promise<Kept> {
  const { db } = c.var.deps;
  const scope = `${c.var.caller.userId}:${operationId}:${subjectId}`;
  const idempotency = readIdempotency(c.req.header('Idempotency-Key'), scope, body);
  if (idempotency === undefined) return db.transaction(act);
  const stored = await keepAnswer(db, idempotency, act);
  assertSameBody(idempotency, stored.bodyHash);
  // The scope names the operation, so an `act` of the same route gave the stored answer.
  return stored.answer as Kept;
}
