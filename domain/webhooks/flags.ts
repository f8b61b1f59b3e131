export const WEBHOOKS_FLAGS = ['unhandled_webhook'] as const;
