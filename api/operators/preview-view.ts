import { z } from '@hono/zod-openapi';
import { ACTION_NAMES } from '../../operations/titles.ts';
import type { Preview as PreviewOfAction } from '../../operations/perform.ts';
import { AmountMinor, Currency, showMoneyOrNone } from '../kernel/index.ts';

export const Preview = z
  .object({
    action: z.enum(ACTION_NAMES),
    subject: z.string(),
    status_now: z.string(),
    amount: AmountMinor.nullable().openapi({ description: 'Null: the action names no money' }),
    currency: Currency.nullable(),
    effect: z.string().nullable().openapi({ description: 'What will happen; null where it is refused' }),
    needs_second_admin: z.boolean(),
    refusal: z
      .object({ code: z.string(), detail: z.string() })
      .nullable()
      .openapi({ description: 'Why it cannot be done now' }),
    seen: z.string().openapi({
      description: 'Send it with the action, which is then refused if anything has changed',
    }),
  })
  .openapi('ActionPreview');

export const showPreview = (preview: PreviewOfAction): z.infer<typeof Preview> => ({
  action: preview.action,
  subject: preview.subject,
  status_now: preview.statusNow,
  ...showMoneyOrNone(preview.money),
  effect: preview.effect,
  needs_second_admin: preview.needsSecondAdmin,
  refusal: preview.refusal && { code: preview.refusal.code, detail: preview.refusal.detail },
  seen: preview.seen,
});
