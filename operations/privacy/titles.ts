export const PRIVACY_TITLES = {
  actions: {
    schedule_deletion: { title: 'Close the account' },
    undo_deletion: { title: 'Undo the deletion' },
    hold_deletion: { title: 'Hold the deletion' },
    release_hold: { title: 'Release the hold' },
    erase_now: { title: 'Erase now' },
  },
  story: { export: 'Export', deletion: 'Deletion' },
} as const;
