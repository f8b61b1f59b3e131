import { z } from '@hono/zod-openapi';

/** The same whether there was anybody to write to. */
export const MailAsked = z
  .object({
    message: z.string(),
    mail_sent: z
      .literal(false)
      .optional()
      .openapi({ description: 'Outside production alone: the mail server could not be reached' }),
  })
  .openapi('MailAsked');

export const showMailAsked = (isSent: boolean): z.infer<typeof MailAsked> => ({
  message: 'If it concerns an account of ours, we sent a mail to this address.',
  ...(!isSent && { mail_sent: false }),
});
