export const PRIVACY_FLAGS = [
  'export_failed',
  'deletion_waits',
  'erasing_held_up',
  'erasure_undone',
] as const;
