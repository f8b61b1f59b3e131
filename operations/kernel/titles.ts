/** Titles of actions that many kinds of rows have. */
export const KERNEL_TITLES = {
  actions: {
    retry: { title: 'Retry now', onMany: true },
    give_up: { title: 'Give up', onMany: true },
    settled_outside: { title: 'Settled outside', isResolution: true },
    written_off: { title: 'Write off', isResolution: true },
  },
  story: { audit: 'Audit' },
} as const;

export const FLAG_TITLES = {
  actions: { clear_flag: { title: 'Clear the flag', onMany: true, isResolution: true } },
  story: { flag: 'Flag' },
} as const;
