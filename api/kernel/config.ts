import type { Config } from '../../config.ts';

/** The variables of the environment that these routes read. */
export type KernelConfig = Pick<Config, 'CORS_ORIGINS' | 'TRUSTED_PROXIES'>;
