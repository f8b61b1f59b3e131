import { createRoute, z } from '@hono/zod-openapi';
import { auditUpgrade, upgradeToCreator } from '../../db/accounts/index.ts';
import { ROLES } from '../../domain/accounts/index.ts';
import { actorOf, defineRoute, fails, json, SIGNED_IN, Time, timeOrNull } from '../kernel/index.ts';
import { inPerson, signedIn } from '../middleware/access.ts';

const route = createRoute({
  method: 'post',
  path: '/users/me/upgrade-creator',
  operationId: 'upgradeCreator',
  summary: 'Make a creator of yourself',
  description: 'With a confirmed address, once, and one way. Whoever has another role than `user` keeps it.',
  tags: ['Account'],
  ...inPerson(signedIn()),
  responses: {
    200: json(
      z.object({
        already_elevated: z.literal(true).optional(),
        role: z.enum(ROLES),
        promoted_to_creator_at: Time.nullable(),
      }),
      'The role from now on',
    ),
    ...fails(...SIGNED_IN, 'person_required', 'user_not_found', 'EMAIL_NOT_VERIFIED'),
  },
});

export const upgradeCreator = defineRoute(route, async (c) => {
  const { caller, deps, log } = c.var;
  const { role, promotedToCreatorAt, wasElevated } = await upgradeToCreator(deps.db, caller.userId);
  if (!wasElevated) {
    await auditUpgrade(deps.db, caller.userId, actorOf(c)).catch((error: unknown) =>
      log.error({ err: error }, 'an upgrade to creator is not in the audit log'),
    );
  }
  return c.json(
    {
      ...(wasElevated && { already_elevated: true as const }),
      role,
      promoted_to_creator_at: timeOrNull(promotedToCreatorAt),
    },
    200,
  );
});
