import { z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { closeAccount } from '../../db/privacy/index.ts';
import { Code, Password, REAUTHENTICATED } from '../accounts/index.ts';
import type { ApiEnv } from '../context.ts';
import { actorOf, fails, jsonBody, SIGNED_IN, WITH_BODY } from '../kernel/index.ts';
import { alsoWhileLeaving, inPerson, signedIn } from '../middleware/access.ts';
import { ownDeletion, showOwnDeletion } from './own-deletion-view.ts';
import { tellEngine } from './tell-engine.ts';
import { proveLeaving } from './prove-leaving.ts';

// What DELETE /me and POST /me/deletion have in common: all but their method and path.

const Body = z
  .strictObject({
    password: Password.optional().openapi({
      description: 'Left out by who has none; then a sign-in of the last ten minutes counts',
    }),
    code: Code.optional(),
    keep_public_tracks: z
      .boolean()
      .default(false)
      .openapi({ description: 'Whether public tracks stay, under "former member"' }),
  })
  .openapi('Leave');

export const LEAVING = {
  description:
    'Everything is closed at once: sessions, API keys, products, the subscription. Thirty days later all that is personal is erased; until then you may sign in and stay after all. The same again when repeated.',
  tags: ['Account'],
  ...alsoWhileLeaving(inPerson(signedIn())),
  request: { body: jsonBody(Body) },
  responses: {
    202: ownDeletion('The account is closed'),
    ...fails(
      ...SIGNED_IN,
      ...WITH_BODY,
      ...REAUTHENTICATED,
      'person_required',
      'two_factor_invalid',
      'two_factor_is_off',
      'last_admin',
    ),
  },
};

/** Proves who the caller is, and closes their account. */
export async function close(c: Context<ApiEnv>, given: z.output<typeof Body>) {
  await proveLeaving(c, given);
  const { db, config, terms } = c.var.deps;
  const { userId } = c.var.caller;
  const asked = { userId, requestedBy: userId, keepPublicTracks: given.keep_public_tracks };
  const deletion = await db.transaction((tx) =>
    closeAccount(tx, actorOf(c), { ...asked, graceMs: config.DELETION_GRACE, terms }),
  );
  await tellEngine(c, deletion);
  return showOwnDeletion(deletion);
}
