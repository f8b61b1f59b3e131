import { durationMs } from './domain/kernel/index.ts';
import { modeOfKey } from './providers/stripe/mode.ts';
import { unguessedChars } from './secret-strength.ts';

/**
 * What a production configuration (NODE_ENV=production) may not hold, beyond the rules of each variable. A problem says
 * which variable and why, and never what it is set to. Stripe's test keys are allowed: a staging system is run like
 * production.
 */
export function productionProblems(
  env: Readonly<Record<string, string | undefined>>,
  exampleOf: (name: string) => string,
): string[] {
  const problems: string[] = [];
  for (const [name, minChars] of Object.entries(SECRETS_MIN_CHARS)) {
    const faults = partsOf(name, env[name] ?? '')
      .filter((part) => part !== '')
      .map((part) => (name === 'PAYLOAD_ENCRYPTION_KEYS' ? part.replace(KEY_ID, '') : part))
      .map((part) => faultOf(part, exampleOf(name), minChars));
    const fault = faults.find((found) => found !== null);
    if (fault) problems.push(`${name}: expected a secret of your own, ${fault}`);
  }
  const password = passwordIn(env['DATABASE_URL']);
  if (password !== undefined) {
    const fault = faultOf(password, passwordIn(exampleOf('DATABASE_URL')) ?? '', PASSWORD_MIN_CHARS);
    if (fault !== null) problems.push(`DATABASE_URL: expected a password of your own, ${fault}`);
  }
  for (const name of CALLED_WITH_TRUST) {
    const url = env[name];
    if (url && URL.canParse(url) && isOpenHttp(new URL(url))) {
      problems.push(
        `${name}: expected https: over http: others on the way could read and change what is sent`,
      );
    }
  }
  for (const name of READ_LAGS) {
    const lagMs = durationMs(env[name] ?? '');
    if (lagMs !== undefined && lagMs < READ_LAG_LEAST_MS) {
      problems.push(`${name}: expected 10m or longer: what an activity asked before it may still land`);
    }
  }
  if (env['STRIPE_SECRET_KEY'] && modeOfKey(env['STRIPE_SECRET_KEY']) === null)
    problems.push(
      'STRIPE_SECRET_KEY: expected a key that says its mode: sk_live_…, rk_live_…, sk_test_… or rk_test_…',
    );
  return problems;
}

const READ_LAGS = ['PSP_READ_LAG', 'STRIPE_READ_LAG'] as const;

/** No activity lives longer (workflows/kernel/policies.ts). */
const READ_LAG_LEAST_MS = 10 * 60 * 1000;

/** Where the examples may be used as they are. */
const FOR_EXAMPLES: ReadonlySet<string> = new Set(['development', 'test']);

/** Anywhere but in development and tests, also where NODE_ENV was forgotten: everybody knows the examples. */
export function exampleProblems(
  env: Readonly<Record<string, string | undefined>>,
  exampleOf: (name: string) => string,
): string[] {
  if (FOR_EXAMPLES.has(env['NODE_ENV'] ?? '')) return [];
  return [...Object.keys(SECRETS_MIN_CHARS), 'DATABASE_URL']
    .filter((name) => exampleOf(name) !== '' && partsOf(name, env[name] ?? '').includes(exampleOf(name)))
    .map((name) => `${name}: expected a value of your own, not the example (NODE_ENV is not development)`);
}

/** While one of a list is rotated there are several, and each of them opens the door. */
const partsOf = (name: string, given: string) =>
  LISTS.has(name) ? given.split(',').map((part) => part.trim()) : [given];

/** What a key of payloads stands behind: no secret, and free to be called as one likes. */
const KEY_ID = /^[^:]+:/;

/** Shorter ones are cut off, made up, or guessed; what the providers give out is longer. Characters. */
const SECRETS_MIN_CHARS = {
  JWT_SECRET: 32,
  PAYLOAD_ENCRYPTION_KEYS: 32,
  HYPERSWITCH_API_KEY: 16,
  HYPERSWITCH_WEBHOOK_SECRET: 16,
  STRIPE_SECRET_KEY: 16,
  STRIPE_WEBHOOK_SECRET: 16,
} as const;

/** Those that may be several, comma-separated; a comma in any other is a part of it. */
const LISTS: ReadonlySet<string> = new Set([
  'PAYLOAD_ENCRYPTION_KEYS',
  'HYPERSWITCH_WEBHOOK_SECRET',
  'STRIPE_WEBHOOK_SECRET',
]);

/** PostgreSQL slows nobody down who guesses. */
const PASSWORD_MIN_CHARS = 12;

/** Keys are sent there, or fetched from there and believed. */
const CALLED_WITH_TRUST = ['HYPERSWITCH_BASE_URL', 'STRIPE_API_BASE', 'JWT_JWKS_URL'] as const;

/** A generated secret of our shortest length has more; `aaaa…` and `0123` repeated have not. */
const DISTINCT_MIN = 6;
/** A third of the shortest length: a generated secret has nearly all of it, a sentence nearly nothing. */
const UNGUESSED_SHARE = 3;
/** Words of those who meant to come back to it, and of the embedded stack and the tests. */
const PLACEHOLDER = /change-?me|example|placeholder|embedded|of-the-tests|your[-_]|x{8}|…/i;

/** What everybody tries first, also when it is said twice or has a number behind it. */
const GUESSED = /^(postgres|password|passwd|veza|admin|secret|root|temporal|[-_.!\d])+$/i;

function faultOf(secret: string, example: string, minChars: number): string | null {
  if (secret === example) return 'not the example';
  if (PLACEHOLDER.test(secret)) return 'not a placeholder or one of the embedded stack';
  if (GUESSED.test(secret)) return 'not one that is guessed first';
  if (secret.length < minChars) return `of at least ${minChars} characters`;
  if (new Set(secret).size < DISTINCT_MIN) return 'not a few characters repeated';
  return unguessedChars(secret) < minChars / UNGUESSED_SHARE ? 'not one of words or sequences' : null;
}

/** Empty where the address has none; undefined where there is no address. */
const passwordIn = (url: string | undefined) =>
  url && URL.canParse(url) ? new URL(url).password : undefined;

/** Loopback, private networks, and names that only a private network resolves. */
const INSIDE =
  /^(localhost|127\.[\d.]+|10\.[\d.]+|192\.168\.[\d.]+|172\.(1[6-9]|2\d|3[01])\.[\d.]+|\[(::1|f[cd][0-9a-f:]+)\]|[^.[\]]+|.+\.(internal|local|svc))$/i;

const isOpenHttp = ({ protocol, hostname }: URL) => protocol === 'http:' && !INSIDE.test(hostname);
