import { createRoute } from '@hono/zod-openapi';
import { readDeletion as read } from '../../db/privacy/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { defineRoute, fails, SIGNED_IN } from '../kernel/index.ts';
import { alsoWhileLeaving, inPerson, signedIn } from '../middleware/access.ts';
import { ownDeletion, showOwnDeletion } from './own-deletion-view.ts';

const route = createRoute({
  method: 'get',
  path: '/me/deletion',
  operationId: 'readDeletion',
  summary: 'Whether your account is being closed, until when you may stay, and what it waits for',
  tags: ['Account'],
  ...alsoWhileLeaving(inPerson(signedIn())),
  responses: {
    200: ownDeletion('The last deletion, also one that was taken back'),
    ...fails(...SIGNED_IN, 'person_required', 'deletion_not_found'),
  },
});

export const readDeletion = defineRoute(route, async (c) => {
  const deletion = await read(c.var.deps.db, c.var.caller.userId);
  if (deletion === null) throw new VezaError('deletion_not_found', 'You never asked to leave.');
  return c.json(showOwnDeletion(deletion), 200);
});
