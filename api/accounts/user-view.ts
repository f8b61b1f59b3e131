import { z } from '@hono/zod-openapi';
import type { OwnUser } from '../../db/accounts/index.ts';
import { OAUTH_PROVIDERS, ROLES, USER_STATUSES } from '../../domain/accounts/index.ts';
import { Id, Time, time, timeOrNull } from '../kernel/index.ts';

export const User = z
  .object({
    id: Id,
    email: z.string(),
    role: z.enum(ROLES),
    status: z.enum(USER_STATUSES),
    is_verified: z.boolean().openapi({ description: 'Whether the address was confirmed' }),
    two_factor_enabled: z.boolean(),
    has_password: z.boolean(),
    oauth: z.array(z.enum(OAUTH_PROVIDERS)).openapi({ description: 'Providers they sign in by' }),
    promoted_to_creator_at: Time.nullable().openapi({
      description: 'When they made a creator of themselves; null where an admin gave the role',
    }),
    created_at: Time,
  })
  .openapi('User');

export const showUser = (user: OwnUser): z.infer<typeof User> => ({
  id: user.id,
  email: user.email,
  role: user.role,
  status: user.status,
  is_verified: user.isVerified,
  two_factor_enabled: user.isTwoFactorEnabled,
  has_password: user.passwordHash !== null,
  oauth: [...user.oauthProviders],
  promoted_to_creator_at: timeOrNull(user.promotedToCreatorAt),
  created_at: time(user.createdAt),
});
