import { z } from 'zod';
import { CONNECTIONS_MAX, STATEMENT_TIMEOUT_MS } from '../db/connections/limits.ts';
import { isNetwork } from '../trusted-proxies.ts';
import { duration, integer, url, list } from './schemas.ts';
import { type Env, variable, type Variables } from './variable.ts';

/** PostgreSQL does not slow down anybody who guesses. */
const PASSWORD_MIN_CHARS = 12;

/** Empty where the address has none; undefined where there is no address. */
const passwordIn = (address: string) => (URL.canParse(address) ? new URL(address).password : undefined);

/** Scheme, host and port alone, as browsers send it; `*` would allow everybody. */
const isOrigin = (value: string) => URL.canParse(value) && new URL(value).origin === value;

/** The database, the engine, and where the API listens and to whom. */
export const KERNEL_VARIABLES = {
  NODE_ENV: variable(
    z.string().optional(),
    '',
    '`production`, `development` or `test`; what production forbids is refused where this or APP_ENV says so',
  ),
  APP_ENV: variable(z.string().optional(), '', '`production`: this is production whatever NODE_ENV says'),
  DATABASE_URL: variable(
    url(/^postgres(ql)?:/, 'postgres://user:password@127.0.0.1:5432/veza'),
    'postgres://veza:veza@127.0.0.1:5432/veza',
    'PostgreSQL',
    { secret: { minChars: PASSWORD_MIN_CHARS, what: 'password', secretIn: passwordIn } },
  ),
  DATABASE_CONNECTIONS_MAX: variable(
    integer(CONNECTIONS_MAX, 4, 1_000),
    String(CONNECTIONS_MAX),
    'connections of one process; lists and statements never take a quarter of them, at most five',
  ),
  DATABASE_STATEMENT_TIMEOUT: variable(
    duration(`${STATEMENT_TIMEOUT_MS / 1000}s`).refine((timeoutMs) => timeoutMs >= 100, '100ms at least'),
    `${STATEMENT_TIMEOUT_MS / 1000}s`,
    'longest time of one SQL statement; it waits for locks two thirds of that (docs/database.md)',
  ),
  TEMPORAL_ADDRESS: variable(
    z.string().min(1, 'host:port').default('127.0.0.1:7233'),
    '127.0.0.1:7233',
    'Temporal frontend, host:port',
  ),
  TEMPORAL_NAMESPACE: variable(
    z.string().min(1, 'a namespace').default('default'),
    'default',
    'Temporal namespace',
  ),
  TEMPORAL_TASK_QUEUE: variable(
    z.string().min(1, 'a task queue').default('veza'),
    'veza',
    'task queue of orders and refunds',
  ),
  TEMPORAL_STRIPE_TASK_QUEUE: variable(
    z.string().min(1, 'a task queue').default('stripe'),
    'stripe',
    'task queue of transfers and reversals, which carries the rate limit',
  ),
  TEMPORAL_DEPLOYMENT_NAME: variable(
    z.string().min(1, 'the name of a worker deployment').optional(),
    '',
    'worker deployment that this worker is part of; with TEMPORAL_BUILD_ID, see docs/upgrading.md',
  ),
  TEMPORAL_BUILD_ID: variable(
    z.string().min(1, 'the build of this worker').optional(),
    '',
    'version of the code in that deployment, such as a commit',
  ),
  TEMPORAL_UI_URL: variable(
    url(/^https?:/, 'https://temporal.example').optional(),
    '',
    "Temporal's Web UI, for links to workflows; its origin may ask the codec endpoint",
  ),
  PORT: variable(integer(3000, 0, 65_535), '3000', 'port of the API'),
  HOST: variable(
    z.string().min(1, 'an address to listen on').default('127.0.0.1'),
    '127.0.0.1',
    'address the API and metrics listen on',
  ),
  CORS_ORIGINS: variable(
    list(isOrigin, 'origins such as https://shop.example, each without a path; never *'),
    '',
    'origins that browsers may call from, comma-separated',
  ),
  TRUSTED_PROXIES: variable(
    list(isNetwork, 'addresses or networks such as 10.0.0.0/8'),
    '',
    'addresses and networks of proxies whose X-Forwarded-For and -Proto are believed, comma-separated',
  ),
} as const satisfies Variables;

/** Problems that concern several variables. */
export const kernelProblems = (env: Env): readonly string[] =>
  Boolean(env['TEMPORAL_DEPLOYMENT_NAME']) === Boolean(env['TEMPORAL_BUILD_ID'])
    ? []
    : ['TEMPORAL_DEPLOYMENT_NAME, TEMPORAL_BUILD_ID: expected both or none'];
