import { z } from '@hono/zod-openapi';
import type { AccountDeletion } from '../../db/privacy/index.ts';
import { DELETION_STATUSES } from '../../domain/privacy/deletion-machine.ts';
import { DELETION_WAITS } from '../../domain/privacy/waits.ts';
import { json, Time, time } from '../kernel/index.ts';

const OwnDeletion = z
  .object({
    status: z.enum(DELETION_STATUSES),
    requested_at: Time,
    final_at: Time.openapi({ description: 'Nothing is erased before, and it can be taken back until then' }),
    keep_public_tracks: z.boolean(),
    waits_for: z
      .array(z.enum(DELETION_WAITS))
      .openapi({ description: 'Why it waits beyond `final_at`: money of yours that still moves' }),
  })
  .openapi('OwnDeletion');

export const ownDeletion = (description: string) => json(z.object({ deletion: OwnDeletion }), description);

export const showOwnDeletion = (row: AccountDeletion): { deletion: z.output<typeof OwnDeletion> } => ({
  deletion: {
    status: row.status,
    requested_at: time(row.requestedAt),
    final_at: time(row.finalAt),
    keep_public_tracks: row.keepPublicTracks,
    waits_for: [...row.waitsFor],
  },
});
