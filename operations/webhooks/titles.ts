export const WEBHOOKS_TITLES = {
  actions: { replay_webhook: { title: 'Replay', onMany: true } },
  story: { webhook: 'Webhook' },
} as const;
