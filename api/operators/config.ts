import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type OperatorsConfig = Pick<
  Config,
  | 'MAINTENANCE_MODE'
  | 'TEMPORAL_UI_URL'
  | 'TEMPORAL_NAMESPACE'
  | 'PAYLOAD_ENCRYPTION_KEYS'
  | 'PAYLOAD_ENCRYPTION_KEY_ID'
>;
