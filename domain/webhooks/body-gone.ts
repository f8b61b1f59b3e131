import { VezaError } from '../errors.ts';

/** Older versions deleted the bodies of what was processed long ago. */
export const bodyGone = (webhookId: string) =>
  new VezaError(
    'webhook_body_gone',
    `The body of webhook event ${webhookId} was deleted after its time: ask the provider to send it again.`,
  );
