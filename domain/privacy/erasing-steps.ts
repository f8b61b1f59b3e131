/** What an erasing does, in this order. */
export const ERASING_STEPS = ['provider_tokens', 'rows', 'histories', 'account'] as const;
export type ErasingStep = (typeof ERASING_STEPS)[number];
