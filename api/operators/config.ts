import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type OperatorsConfig = Pick<
  Config,
  | 'MAINTENANCE_MODE'
  | 'TEMPORAL_UI_URL'
  | 'TEMPORAL_NAMESPACE'
  | 'PAYLOAD_ENCRYPTION_KEYS'
  | 'PAYLOAD_ENCRYPTION_KEY_ID'
>;
