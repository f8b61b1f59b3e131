import type { Config } from '../../config.ts';

/** What is read here of the environment. */
export type KernelConfig = Pick<Config, 'CORS_ORIGINS' | 'TRUSTED_PROXIES'>;
