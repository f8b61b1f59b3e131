import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort, startNode } from '../../../stack/index.ts';
import { isReady, Supervised, type Veza } from '../../cli/veza.ts';
import type { Joined } from './counts.ts';

/** What the API of accounts shares with the others; all else is as in production. */
const SHARED = [
  ...['PATH', 'HOME', 'LOG_LEVEL', 'DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'JWT_SECRET'],
  ...['TRIAL_HASH_KEY', 'PERSONAL_DATA_KEYS', 'HYPERSWITCH_API_KEY', 'HYPERSWITCH_WEBHOOK_SECRET'],
  ...['HYPERSWITCH_BASE_URL', 'STRIPE_SECRET_KEY', 'STRIPE_WEBHOOK_SECRET', 'STRIPE_API_BASE'],
  ...['SMTP_HOST', 'SMTP_PORT', 'SMTP_TLS'],
];
const KILL_EVERY_MS = 20_000;
const LOOK_EVERY_MS = 50;

export interface AccountsApi {
  readonly url: string;
  /** Kills it again and again, and starts it again; resolves when it is told to stop. */
  killOn(joined: Joined, until: AbortSignal): Promise<void>;
  stop(): Promise<void>;
}

/** An API process of its own in production mode, where no account is made without its mail. It may be killed: nobody buys by it. */
export async function startAccountsApi(
  { env }: Pick<Veza, 'env'>,
  onLine: (line: string) => void,
): Promise<AccountsApi> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const script = fileURLToPath(new URL('../../../server.ts', import.meta.url));
  const settings = {
    ...Object.fromEntries(SHARED.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]]))),
    APP_ENV: 'production',
    APP_URL: 'https://shop.example',
    API_URL: 'https://api.shop.example',
    MAIL_FROM: 'Veza <no-reply@shop.example>',
    SMTP_TIMEOUT: '2s',
    TRUSTED_PROXIES: '127.0.0.1',
    RATE_LIMIT_ANONYMOUS: '1000000',
    RATE_LIMIT_AUTH: '1000000',
    HOST: '127.0.0.1',
    PORT: String(port),
  };
  const api = new Supervised(() => startNode({ name: 'accounts', script, env: settings, onLine }), onLine);
  await isReady(url);
  return {
    url,
    async killOn(joined, until) {
      for (;;) {
        await sleep(KILL_EVERY_MS, undefined, { signal: until }).catch(() => undefined);
        if (until.aborted) return;
        const { pid } = api;
        api.kill();
        joined.kills += 1;
        while (api.pid === pid && !until.aborted) await sleep(LOOK_EVERY_MS);
        if (!until.aborted) await isReady(url);
      }
    },
    stop: () => api.stop(),
  };
}
