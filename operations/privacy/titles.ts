export const PRIVACY_TITLES = {
  actions: {},
  story: { export: 'Export', deletion: 'Deletion' },
} as const;
