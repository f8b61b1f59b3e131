import type { Context } from 'hono';
import type { Db } from '../../db/client.ts';
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
 * Acts for an operator: once, where the call has an `Idempotency-Key`. `act` runs its verb on the database that it is
 * given. A repeat is given the first answer with the same `work`, which the caller tells the engine again: the first
 * call may have met an engine that was away.
 */
export async function actOnce<Kept extends KeptAnswer>(
  c: Context<ApiEnv>,
  { operationId, subjectId, body }: OperatorCall,
  act: (db: Db) => Promise<Kept>,
): Promise<Kept> {
  const { db } = c.var.deps;
  const scope = `${c.var.caller.userId}:${operationId}:${subjectId}`;
  const idempotency = readIdempotency(c.req.header('Idempotency-Key'), scope, body);
  if (idempotency === undefined) return act(db);
  const stored = await keepAnswer(db, idempotency, act);
  assertSameBody(idempotency, stored.bodyHash);
  // The scope names the operation: what is stored under it, an `act` of the same route gave.
  return stored.answer as Kept;
}
