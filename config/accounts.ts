import { z } from 'zod';
import { IDENTITIES, identityOf } from '../domain/accounts/index.ts';
import { isProduction, NO_KEY } from '../domain/kernel/index.ts';
import type { MailerSettings } from '../providers/smtp/mailer.ts';
import { isInside, overHttps } from './over-https.ts';
import { duration, flag, integer, url } from './schemas.ts';
import { type Env, variable, type Variables } from './variable.ts';

/** Mails say that an account which nobody confirms is removed after 7 days: it must not be sooner. */
const UNVERIFIED_ACCOUNT_TTL_MIN_MS = 7 * 24 * 60 * 60 * 1000;

const TLS_MODES = ['starttls', 'implicit', 'none'] as const;
/** One address, with or without a name before it. */
const MAIL_FROM = /^(?:[^<>@\r\n,]+<[^\s<>@,]+@[^\s<>@,]+>|[^\s<>@,]+@[^\s<>@,]+)$/;

/** Scheme, host and port alone, without the slash that links would have twice. */
const origin = z
  .string()
  .refine((value) => URL.canParse(value) && new URL(value).origin === value && /^https?:/.test(value), {
    error: 'an address such as https://shop.example, without a path',
  });

/** Who calls, how often, and how we write to people. */
export const ACCOUNTS_VARIABLES = {
  IDENTITY: variable(
    z.enum(IDENTITIES, IDENTITIES.join(' or ')).optional(),
    '',
    'who knows the person: `own` (accounts of ours) or `external` (an identity provider); `external` where JWT_JWKS_URL is set',
  ),
  JWT_SECRET: variable(
    z.string().min(32, 'at least 32 characters').optional(),
    'change-me-to-32-characters-or-more',
    'secret of HS256 bearer tokens; this, JWT_SIGNING_KEYS or JWT_JWKS_URL',
    { secret: { minChars: 32 } },
  ),
  JWT_JWKS_URL: variable(
    url(/^https?:/, 'https://issuer.example/.well-known/jwks.json').optional(),
    '',
    'where RS256/ES256 keys of bearer tokens are',
    { inProduction: overHttps },
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
  RATE_LIMIT_BEARER: variable(
    integer(600, 1, 1_000_000),
    '600',
    'calls of one person in a minute by bearer tokens, over all API processes',
  ),
  UNVERIFIED_ACCOUNT_TTL: variable(
    duration('7d').refine((ttlMs) => ttlMs >= UNVERIFIED_ACCOUNT_TTL_MIN_MS, 'at least 7d, as mails say'),
    '7d',
    'how long an account is kept whose address nobody confirms; the upkeep removes it then',
  ),
  PEOPLE_WORKER_ENABLED: variable(
    flag('true'),
    'true',
    'whether this worker sends mails and serves what is about people',
  ),
  TEMPORAL_PEOPLE_TASK_QUEUE: variable(
    z.string().min(1, 'a task queue').default('people'),
    'people',
    'task queue of mails, so that none is in the way of money',
  ),
  APP_URL: variable(
    origin.default('http://127.0.0.1:5173'),
    'http://127.0.0.1:5173',
    'where people use the shop: links in mails begin with it',
    { inProduction: (given) => (given.startsWith('https:') ? null : 'an address by https') },
  ),
  API_URL: variable(
    origin.default('http://127.0.0.1:3000'),
    'http://127.0.0.1:3000',
    'where others reach this API, for the addresses that it names to them',
    { inProduction: overHttps },
  ),
  SMTP_HOST: variable(
    z.string().min(1, 'a host').optional(),
    '',
    'mail server; without one no mail is sent, and mails that are written wait',
  ),
  SMTP_PORT: variable(integer(587, 1, 65_535), '587', 'port of the mail server'),
  SMTP_TLS: variable(
    z.enum(TLS_MODES, TLS_MODES.join(', ')).default('starttls'),
    'starttls',
    'TLS to the mail server: `starttls`, `implicit` (often port 465), or `none` within a private network',
  ),
  SMTP_USER: variable(
    z.string().min(1, 'a name').optional(),
    '',
    'whom we sign in as at the mail server; with SMTP_PASSWORD',
  ),
  SMTP_PASSWORD: variable(z.string().min(1, 'a password').optional(), '', 'password of SMTP_USER', {
    secret: { minChars: 12, what: 'password' },
  }),
  SMTP_TIMEOUT: variable(
    duration('10s').refine((timeoutMs) => timeoutMs >= 100 && timeoutMs <= 20_000, 'from 100ms to 20s'),
    '10s',
    'longest time for one mail; who registers waits as long',
  ),
  MAIL_RETRY_BASE: variable(
    duration('10s'),
    '10s',
    'wait after the first attempt at a mail that the mail server did not take; it doubles',
  ),
  MAIL_RETRY_MAX: variable(duration('1h'), '1h', 'longest wait between two attempts at a mail'),
  MAIL_GIVE_UP_AFTER: variable(
    duration('24h'),
    '24h',
    'how long a mail is tried; then it is given up, and an operator is told',
  ),
  MAIL_FROM: variable(
    z
      .string()
      .regex(MAIL_FROM, 'an address such as Veza <no-reply@veza.example>')
      .default('Veza <no-reply@veza.example>'),
    'Veza <no-reply@veza.example>',
    'sender of mails',
  ),
} as const satisfies Variables;

/** Problems that concern several variables. */
export function accountsProblems(env: Env): readonly string[] {
  const given = IDENTITIES.find((one) => one === env['IDENTITY']);
  const isOwn = identityOf({ IDENTITY: given, JWT_JWKS_URL: env['JWT_JWKS_URL'] }) === 'own';
  return [
    ...secretProblems(env, isOwn),
    ...chatProblems(env),
    ...mailProblems(env),
    ...missingProblems(env, isOwn ? { ...NEEDS, ...OWN_NEEDS } : NEEDS),
  ];
}

function secretProblems(env: Env, isOwn: boolean): readonly string[] {
  const signsByKey = Boolean(env['JWT_SIGNING_KEYS']) && env['JWT_SIGNING_KEY_ID'] !== NO_KEY;
  if (!isOwn && env['JWT_SIGNING_KEYS'])
    return ['JWT_SIGNING_KEYS: expected nothing: the identity provider signs'];
  if (env['JWT_SECRET'] || (isOwn ? signsByKey : env['JWT_JWKS_URL'])) return [];
  const instead = isOwn ? 'JWT_SIGNING_KEYS' : 'JWT_JWKS_URL';
  return [`JWT_SECRET: is missing; expected at least 32 characters, or ${instead} instead`];
}

/** A chat whose tokens are made by the same secret could make ours. */
function chatProblems(env: Env): readonly string[] {
  const isSame = Boolean(env['CHAT_JWT_SECRET']) && env['CHAT_JWT_SECRET'] === env['JWT_SECRET'];
  return isSame ? ['CHAT_JWT_SECRET: expected another one than JWT_SECRET'] : [];
}

/** What an installation needs in production, and what it is: whoever knows the person, mails to them are sealed. */
const NEEDS = { PERSONAL_DATA_KEYS: 'a key that what is personal is sealed under' } as const;

/** The same for one with accounts of its own. */
const OWN_NEEDS = {
  APP_URL: 'where people use the shop, as links in mails name it',
  SMTP_HOST: 'the mail server that people confirm their addresses by',
  MAIL_FROM: 'the sender of mails',
} as const;

const missingProblems = (env: Env, needs: Readonly<Record<string, string>>): readonly string[] =>
  isProduction(env)
    ? Object.entries(needs)
        .filter(([name]) => !env[name])
        .map(([name, what]) => `${name}: is missing; expected ${what}`)
    : [];

function mailProblems(env: Env): readonly string[] {
  const problems: string[] = [];
  if (Boolean(env['SMTP_USER']) !== Boolean(env['SMTP_PASSWORD']))
    problems.push('SMTP_USER, SMTP_PASSWORD: expected both or none');
  const host = env['SMTP_HOST'] || undefined;
  if (isProduction(env) && env['SMTP_TLS'] === 'none' && host !== undefined && !isInside(host))
    problems.push('SMTP_TLS: expected starttls or implicit: others on the way could read the mails');
  return problems;
}

/** How this process reaches the mail server. */
export const mailerSettingsOf = (
  config: {
    readonly [Name in 'SMTP_HOST' | 'SMTP_USER' | 'SMTP_PASSWORD']: string | undefined;
  } & {
    readonly SMTP_PORT: number;
    readonly SMTP_TLS: MailerSettings['tls'];
    readonly SMTP_TIMEOUT: number;
    readonly MAIL_FROM: string;
  },
): MailerSettings => ({
  host: config.SMTP_HOST,
  port: config.SMTP_PORT,
  tls: config.SMTP_TLS,
  user: config.SMTP_USER,
  password: config.SMTP_PASSWORD,
  timeoutMs: config.SMTP_TIMEOUT,
  from: config.MAIL_FROM,
});
