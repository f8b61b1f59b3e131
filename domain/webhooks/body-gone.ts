import { VezaError } from '../errors.ts';

/** The body of a processed event is kept for WEBHOOK_BODY_RETENTION; its row stays. */
export const bodyGone = (webhookId: string) =>
  new VezaError(
    'webhook_body_gone',
    `The body of webhook event ${webhookId} was deleted after its time: ask the provider to send it again.`,
  );
