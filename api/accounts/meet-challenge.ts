import { createRoute, z } from '@hono/zod-openapi';
import {
  giveBackChallenge,
  meetChallenge as meetChallengeVerb,
  readUser,
  takeChallenge,
} from '../../db/accounts/index.ts';
import type { Tx } from '../../db/client.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, json, jsonBody, SIGNING_IN, WITH_BODY } from '../kernel/index.ts';
import { signingIn } from '../middleware/access.ts';
import { Code, proveSecondFactor } from './second-factor-code.ts';
import { openSessionFor, SessionAnswer, SessionAsk } from './signed-in-view.ts';

const Body = z
  .strictObject({
    challenge: z.string().min(1).max(200),
    code: Code.optional(),
    backup_code: Code.optional(),
    session: SessionAsk,
  })
  .refine(({ code, backup_code: backup }) => (code === undefined) !== (backup === undefined), {
    message: 'Give one of code and backup_code',
    path: ['code'],
  })
  .openapi('MeetChallenge');

const route = createRoute({
  method: 'post',
  path: '/auth/two-factor',
  operationId: 'meetChallenge',
  summary: 'Finish signing in by a second factor',
  description:
    'Five wrong codes end the challenge; ten in a row, over all, stop the second factor for 15 minutes.',
  tags: ['Account'],
  ...signingIn(),
  request: { body: jsonBody(Body) },
  responses: {
    200: json(SessionAnswer, 'A session'),
    ...fails(
      ...SIGNING_IN,
      ...WITH_BODY,
      'challenge_ended',
      'two_factor_invalid',
      'two_factor_is_off',
      'too_many_attempts',
      'account_disabled',
      'invalid_credentials',
    ),
  },
});

export const meetChallenge = defineRoute(route, async (c) => {
  const { db } = c.var.deps;
  const { challenge: token, code, backup_code: backup, session } = c.req.valid('json');
  const challenge = await takeChallenge(db, token);
  const by = await proveSecondFactor(c, challenge.userId, code ?? backup ?? '').catch(
    async (error: unknown) => {
      if (!isWrong(error)) await giveBackChallenge(db, challenge.id);
      throw error;
    },
  );
  const user = await readUser(db, challenge.userId);
  if (user === null) throw new VezaError('challenge_ended', 'The account is gone.');
  const amr = [...challenge.amr, by];
  const useUp = (tx: Tx) => meetChallengeVerb(tx, challenge.id);
  return c.json(await openSessionFor(c, user, { session, amr, passwordHash: null, useUp }), 200);
});

/** What else ends an attempt ends it before the code was compared. */
const isWrong = (error: unknown) => error instanceof VezaError && error.code === 'two_factor_invalid';
