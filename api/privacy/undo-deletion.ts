import { createRoute } from '@hono/zod-openapi';
import { undoDeletion as undo } from '../../db/privacy/index.ts';
import { actorOf, defineRoute, fails, SIGNED_IN } from '../kernel/index.ts';
import { alsoWhileLeaving, inPerson, signedIn } from '../middleware/access.ts';
import { tellEngine } from './tell-engine.ts';
import { ownDeletion, showOwnDeletion } from './own-deletion-view.ts';

const route = createRoute({
  method: 'post',
  path: '/me/deletion/undo',
  operationId: 'undoDeletion',
  summary: 'Stay after all',
  description:
    'What the closing hid is to be seen again. Sessions, API keys and the subscription stay ended. The same again when repeated.',
  tags: ['Account'],
  ...alsoWhileLeaving(inPerson(signedIn())),
  responses: {
    200: ownDeletion('The account is open'),
    ...fails(...SIGNED_IN, 'person_required', 'user_not_found', 'deletion_not_found', 'deletion_final'),
  },
});

export const undoDeletion = defineRoute(route, async (c) => {
  const { db, terms } = c.var.deps;
  const { userId } = c.var.caller;
  const undone = await db.transaction((tx) => undo(tx, actorOf(c), { userId, terms }));
  await tellEngine(c, undone);
  return c.json(showOwnDeletion(undone), 200);
});
