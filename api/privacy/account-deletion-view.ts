import { z } from '@hono/zod-openapi';
import type { AccountDeletion } from '../../db/privacy/index.ts';
import { DELETION_STATUSES } from '../../domain/privacy/deletion-machine.ts';
import { DELETION_WAITS } from '../../domain/privacy/waits.ts';
import { Id, Time, time, timeOrNull } from '../kernel/index.ts';

/** A deletion as admins see it, and whoever keeps accounts elsewhere. */
export const AccountDeletionView = z
  .object({
    id: Id,
    user_id: Id,
    status: z.enum(DELETION_STATUSES),
    keep_public_tracks: z.boolean(),
    requested_by: z.string().openapi({ description: 'The person, an admin, or `system`' }),
    requested_at: Time,
    final_at: Time.openapi({ description: 'Nothing is erased before' }),
    waits_for: z.array(z.enum(DELETION_WAITS)),
    waiting_since: Time.nullable(),
    held_at: Time.nullable().openapi({ description: 'An operator holds it since then' }),
    undone_at: Time.nullable(),
    erased_at: Time.nullable(),
  })
  .openapi('AccountDeletion');

export const showAccountDeletion = (row: AccountDeletion): z.output<typeof AccountDeletionView> => ({
  id: row.id,
  user_id: row.userId,
  status: row.status,
  keep_public_tracks: row.keepPublicTracks,
  requested_by: row.requestedBy,
  requested_at: time(row.requestedAt),
  final_at: time(row.finalAt),
  waits_for: [...row.waitsFor],
  waiting_since: timeOrNull(row.waitingSince),
  held_at: timeOrNull(row.heldAt),
  undone_at: timeOrNull(row.undoneAt),
  erased_at: timeOrNull(row.erasedAt),
});
