import { z } from 'zod';
import { exampleProblems, productionProblems } from './config-production.ts';
import { CONNECTIONS_MAX, STATEMENT_TIMEOUT_MS } from './db/connections/limits.ts';
import { durationMs, NO_KEY } from './domain/kernel/index.ts';
import { FEE_POLICIES } from './domain/marketplace/index.ts';
import { isNetwork } from './trusted-proxies.ts';

const duration = (preset: string) =>
  z
    .string()
    .default(preset)
    .transform((value, context) => {
      const parsedMs = durationMs(value);
      if (parsedMs !== undefined) return parsedMs;
      context.addIssue({ code: 'custom', message: 'a duration such as 250ms, 30m or 1h' });
      return z.NEVER;
    });

const flag = (preset: 'true' | 'false') =>
  z
    .enum(['true', 'false'], 'true or false')
    .default(preset)
    .transform((value) => value === 'true');

const wholeNumber = (min: number, max: number) =>
  z.string().transform((value, context) => {
    const parsed = Number(value);
    if (value.trim() !== '' && Number.isSafeInteger(parsed) && parsed >= min && parsed <= max) return parsed;
    context.addIssue({ code: 'custom', message: `a whole number from ${min} to ${max}` });
    return z.NEVER;
  });

const integer = (preset: number, min: number, max: number) =>
  z.string().default(String(preset)).pipe(wholeNumber(min, max));

const url = (protocols: RegExp, example: string) =>
  z.string(`an address such as ${example}`).refine((value) => URL.canParse(value) && protocols.test(value), {
    error: `an address such as ${example}`,
  });

const secret = (what: string) => z.string(what).min(1, what);
const secretList = (what: string) =>
  z
    .string(what)
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.length > 0, { error: what });

/** A comma-separated list that may be empty; each part is held against a rule. */
const list = (isGood: (part: string) => boolean, error: string) =>
  z
    .string()
    .default('')
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .refine((parts) => parts.every(isGood), { error });

/** Scheme, host and port alone, as browsers send it; `*` would be everybody. */
const isOrigin = (value: string) => URL.canParse(value) && new URL(value).origin === value;

const KEY_BYTES = 32;
const KEY_RING = `id:key pairs, comma-separated, each key ${KEY_BYTES} bytes in base64 under an id of its own (not ${NO_KEY})`;
/** Keys of payloads: all decrypt, one encrypts (see PAYLOAD_ENCRYPTION_KEY_ID). The message never repeats a key. */
const keyRing = () =>
  z
    .string()
    .default('')
    .transform((value, context) => {
      const parts = value.split(',').map((part) => part.trim());
      const keys = parts.filter((part) => part !== '').map(readKey);
      const ids = new Set(keys.map((key) => key?.id));
      if (ids.size === keys.length && !ids.has(undefined)) return keys.filter((key) => key !== null);
      context.addIssue({ code: 'custom', message: KEY_RING });
      return z.NEVER;
    });

function readKey(pair: string) {
  const [, id, inBase64] = /^([\w.-]{1,64}):([\w+/=-]+)$/.exec(pair) ?? [];
  if (id === undefined || inBase64 === undefined || id === NO_KEY) return null;
  const key = { id, secret: Buffer.from(inBase64, 'base64') };
  return key.secret.length === KEY_BYTES ? key : null;
}

interface Variable {
  readonly schema: z.ZodType;
  readonly example: string;
  readonly about: string;
}

const variable = <Schema extends z.ZodType>(schema: Schema, example: string, about: string) => ({
  schema,
  example,
  about,
});

/** Every variable the processes read: its rule, the value shown in `.env.example`, and what it is for. */
export const VARIABLES = {
  DATABASE_URL: variable(
    url(/^postgres(ql)?:/, 'postgres://user:password@127.0.0.1:5432/veza'),
    'postgres://veza:veza@127.0.0.1:5432/veza',
    'PostgreSQL',
  ),
  DATABASE_CONNECTIONS_MAX: variable(
    integer(CONNECTIONS_MAX, 4, 1_000),
    String(CONNECTIONS_MAX),
    'Connections a process may open; a quarter, at most five, is never taken by lists and statements',
  ),
  DATABASE_STATEMENT_TIMEOUT: variable(
    duration(`${STATEMENT_TIMEOUT_MS / 1000}s`).refine((timeoutMs) => timeoutMs >= 100, '100ms at least'),
    `${STATEMENT_TIMEOUT_MS / 1000}s`,
    'What one statement may take; a lock is waited for two thirds of it (docs/database.md)',
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
  PAYLOAD_ENCRYPTION_KEYS: variable(
    keyRing(),
    '',
    'keys of payloads in Temporal, `id:base64` comma-separated: the first encrypts, all decrypt; off unless set',
  ),
  PAYLOAD_ENCRYPTION_KEY_ID: variable(
    z.string().min(1, 'the id of a key').optional(),
    '',
    'id of the key that encrypts instead of the first; `none`: they only decrypt (docs/encryption.md)',
  ),
  PORT: variable(integer(3000, 0, 65_535), '3000', 'port of the API'),
  HOST: variable(
    z.string().min(1, 'an address to listen on').default('127.0.0.1'),
    '127.0.0.1',
    'address the API and metrics listen on',
  ),
  METRICS_PORT: variable(
    wholeNumber(0, 65_535).optional(),
    '',
    'port of `/metrics`, one a process; off unless set, 0 takes a free one',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(
    url(/^https?:/, 'http://127.0.0.1:4318').optional(),
    '',
    'OpenTelemetry collector (OTLP over HTTP) that traces go to; off unless this or the next is set',
  ),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: variable(
    url(/^https?:/, 'http://127.0.0.1:4318/v1/traces').optional(),
    '',
    'the whole address that traces are posted to, instead of the collector above',
  ),
  LOG_LEVEL: variable(
    z
      .enum(
        ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
        'trace, debug, info, warn, error, fatal or silent',
      )
      .default('info'),
    'info',
    'least severe log line shown',
  ),
  JWT_SECRET: variable(
    z.string().min(32, 'at least 32 characters').optional(),
    'change-me-to-32-characters-or-more',
    'secret of HS256 bearer tokens; this or JWT_JWKS_URL',
  ),
  JWT_JWKS_URL: variable(
    url(/^https?:/, 'https://issuer.example/.well-known/jwks.json').optional(),
    '',
    'where RS256/ES256 keys of bearer tokens are',
  ),
  JWT_ISSUER: variable(
    z.string().min(1, 'an issuer').default('veza'),
    'veza',
    'issuer that bearer tokens must name',
  ),
  JWT_AUDIENCE: variable(
    z.string().min(1, 'an audience').default('veza'),
    'veza',
    'audience that bearer tokens must name',
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
  MAINTENANCE_MODE: variable(
    flag('false'),
    'false',
    'whether this API process starts under maintenance, until an admin switches it',
  ),
  HYPERSWITCH_BASE_URL: variable(
    url(/^https?:/, 'https://api.hyperswitch.example'),
    'http://127.0.0.1:8080',
    'Hyperswitch router',
  ),
  HYPERSWITCH_API_KEY: variable(secret('the merchant API key'), 'snd_…', 'Hyperswitch merchant API key'),
  HYPERSWITCH_WEBHOOK_SECRET: variable(
    secretList('the payment response hash key'),
    'whsec_hyperswitch',
    'secret(s) of Hyperswitch webhooks, comma-separated while rotating',
  ),
  STRIPE_SECRET_KEY: variable(secret('a secret key such as sk_test_…'), 'sk_test_…', 'Stripe secret key'),
  STRIPE_API_BASE: variable(
    url(/^https?:/, 'https://api.stripe.com').default('https://api.stripe.com'),
    'https://api.stripe.com',
    'Stripe API',
  ),
  STRIPE_WEBHOOK_SECRET: variable(
    secretList('a signing secret such as whsec_…'),
    'whsec_stripe',
    'secret(s) of Stripe webhooks, comma-separated while rotating',
  ),
  STRIPE_MAX_RPS: variable(integer(80, 1, 10_000), '80', 'calls a second to Stripe, over all workers'),
  STRIPE_READ_LAG: variable(
    duration('10m'),
    '10m',
    'how long Stripe may still make what its lists do not show: a transfer or payout is looked for twice, this far apart',
  ),
  PSP_RETRY_BASE: variable(duration('1s'), '1s', 'first wait after an unanswered call to the PSP; doubles'),
  PSP_RETRY_MAX: variable(duration('5m'), '5m', 'longest wait between calls to the PSP'),
  PSP_READ_LAG: variable(
    duration('10m'),
    '10m',
    'how long the PSP may have a refund that its reads do not show: earlier, "not found" proves nothing',
  ),
  PLATFORM_FEE_BPS: variable(integer(1000, 0, 10_000), '1000', 'platform fee in basis points'),
  REFUND_WINDOW_DAYS: variable(
    integer(14, 0, 3650),
    '14',
    'days after completion in which a refund may be asked for',
  ),
  REFUND_FEE_POLICY: variable(
    z.enum(FEE_POLICIES, 'refund or keep').default('refund'),
    'refund',
    "whether a refund gives the platform's fee back or leaves it, at the seller's cost",
  ),
  ORDER_PAYMENT_TIMEOUT: variable(duration('24h'), '24h', 'how long an order waits for its payment'),
  OPEN_ORDERS_MAX: variable(
    integer(20, 1, 1_000_000),
    '20',
    'unpaid orders that one buyer may have at a time',
  ),
  PAYOUT_MINIMUM_MINOR: variable(
    integer(100, 1, Number.MAX_SAFE_INTEGER),
    '100',
    "least amount of a payout, in the currency's minor unit",
  ),
  FOUR_EYES_ABOVE_MINOR: variable(
    integer(50_000, 0, Number.MAX_SAFE_INTEGER),
    '50000',
    'what one admin decides on alone within a day, a currency at a time; above it a second one agrees; minor units',
  ),
  RATE_LIMIT_BEARER: variable(
    integer(600, 1, 1_000_000),
    '600',
    'calls a minute that a person may make by bearer tokens, over all API processes',
  ),
  OPS_ACTOR: variable(
    z.uuid('the id (UUID) of an admin').toLowerCase().optional(),
    '',
    'who acts where `npm run ops` is given no --actor: the id of an admin',
  ),
  TRANSFER_RETRY_WORKER_ENABLED: variable(
    flag('true'),
    'true',
    'whether this worker sends transfers and payouts',
  ),
  TRANSFER_RETRY_MAX_RETRIES: variable(
    integer(5, 0, 1000),
    '5',
    'retries of a transfer before it fails for good',
  ),
  TRANSFER_RETRY_INTERVAL: variable(
    duration('1m'),
    '1m',
    'how often a worker that does not serve transfers looks again',
  ),
  TRANSFER_RETRY_BACKOFF_BASE: variable(
    duration('1m'),
    '1m',
    'first wait between attempts of a transfer; doubles',
  ),
  TRANSFER_RETRY_BACKOFF_MAX: variable(duration('1h'), '1h', 'longest wait between attempts of a transfer'),
  REVERSAL_WORKER_ENABLED: variable(flag('true'), 'true', 'whether this worker reverses transfers'),
  REVERSAL_MAX_RETRIES: variable(integer(5, 0, 1000), '5', 'retries of a reversal before it fails for good'),
  REVERSAL_CHECK_INTERVAL: variable(
    duration('1m'),
    '1m',
    'an attempt starts within this time of its next_retry_at',
  ),
  REVERSAL_BACKOFF_BASE: variable(duration('1m'), '1m', 'first wait between attempts of a reversal; doubles'),
  REVERSAL_BACKOFF_MAX: variable(duration('1h'), '1h', 'longest wait between attempts of a reversal'),
  RECONCILE_WORKER_ENABLED: variable(flag('true'), 'true', 'whether this worker looks for what is stuck'),
  RECONCILE_INTERVAL: variable(
    duration('1h'),
    '1h',
    'how often the sweep runs; `npm run temporal:setup` puts it into the schedule',
  ),
  RECONCILE_ORDER_STUCK_AFTER: variable(
    duration('30m'),
    '30m',
    'age of a pending order at which the sweep asks the PSP about it',
  ),
  RECONCILE_REFUND_STUCK_AFTER: variable(
    duration('30m'),
    '30m',
    'the same for a refund that the PSP has accepted',
  ),
  RECONCILE_REFUND_ORPHAN_AFTER: variable(
    duration('5m'),
    '5m',
    'the same for a refund that the PSP may never have received',
  ),
  WEBHOOK_BODY_RETENTION: variable(
    duration('90d'),
    '90d',
    'how long the body of a webhook is kept after it was processed; a sweep of all phases deletes it',
  ),
  RECONCILE_BATCH: variable(integer(50, 1, 1000), '50', 'rows a phase and sweep'),
  RECONCILE_CONCURRENCY: variable(integer(10, 1, 100), '10', 'rows that a sweep looks at at a time'),
} as const satisfies Record<string, Variable>;

type Variables = typeof VARIABLES;

/** Names every variable that is wrong or missing, and what was expected of it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`the configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}

type Env = Readonly<Record<string, string | undefined>>;
type Name = keyof Variables;
type Values<Names extends Name> = { readonly [N in Names]: z.output<Variables[N]['schema']> };

export type Config = Values<Name>;

/** An empty variable counts as unset. */
function parse<Names extends Name>(env: Env, names: readonly Names[]) {
  const values: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const name of names) {
    const given = env[name] || undefined;
    const parsed = VARIABLES[name].schema.safeParse(given);
    if (parsed.success) values[name] = parsed.data;
    else {
      const expected = parsed.error.issues.map((issue) => issue.message).join(', ');
      problems.push(`${name}: ${given === undefined ? 'is missing; expected' : 'expected'} ${expected}`);
    }
  }
  const unknownKey = keyIdProblem(values);
  if (unknownKey !== null) problems.push(unknownKey);
  return { values: values as Values<Names>, problems };
}

/** A key that is named and not there would encrypt nothing. */
function keyIdProblem(values: Partial<Record<Name, unknown>>): string | null {
  const { PAYLOAD_ENCRYPTION_KEYS: keys, PAYLOAD_ENCRYPTION_KEY_ID: keyId } = values as Partial<Config>;
  if (keys === undefined || keyId === undefined || keyId === NO_KEY) return null;
  if (keys.some(({ id }) => id === keyId)) return null;
  return `PAYLOAD_ENCRYPTION_KEY_ID: expected the id of a key in PAYLOAD_ENCRYPTION_KEYS, or ${NO_KEY}`;
}

/** Parses some variables by the rules of the whole, for commands that need no more. Throws a ConfigError. */
export function readVariables<Names extends Name>(env: Env, names: readonly Names[]): Values<Names> {
  const { values, problems } = parse(env, names);
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

const exampleOf = (name: string) => VARIABLES[name as Name].example;

/** Parses the environment. Throws a ConfigError that names each wrong or missing variable. */
export function readConfig(env: Env): Config {
  const { values, problems } = parse(env, Object.keys(VARIABLES) as Name[]);
  if (env['NODE_ENV'] === 'production') {
    problems.push(...productionProblems(env, exampleOf));
  } else problems.push(...exampleProblems(env, exampleOf));
  if (!env['JWT_SECRET'] && !env['JWT_JWKS_URL']) {
    problems.push('JWT_SECRET: is missing; expected at least 32 characters, or JWT_JWKS_URL instead');
  }
  if (Boolean(env['TEMPORAL_DEPLOYMENT_NAME']) !== Boolean(env['TEMPORAL_BUILD_ID'])) {
    problems.push('TEMPORAL_DEPLOYMENT_NAME, TEMPORAL_BUILD_ID: expected both or none');
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

/** Where traces are posted to; undefined: nothing is traced. */
export function tracesUrlOf(
  config: Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'>,
): string | undefined {
  const collector = config.OTEL_EXPORTER_OTLP_ENDPOINT?.replace(/\/+$/, '');
  return config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (collector && `${collector}/v1/traces`);
}
