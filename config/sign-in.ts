import { z } from 'zod';
import { duration, flag, integer, url } from './schemas.ts';
import { overHttps } from './over-https.ts';
import { variable, type Variables } from './variable.ts';

/** How people sign in, and how long that lasts. */
export const SIGN_IN_VARIABLES = {
  ACCESS_TOKEN_TTL: variable(duration('15m'), '15m', 'how long an access token is good'),
  SESSION_TTL: variable(duration('90d'), '90d', 'how long a session lasts at most'),
  SESSION_IDLE: variable(duration('14d'), '14d', 'how long a session lasts that nobody uses'),
  AUTH_HASH_CONCURRENCY: variable(
    integer(2, 1, 64),
    '2',
    'hashes of passwords that one process makes at a time; each takes a thread of those that read files',
  ),
  PASSWORD_BREACH_CHECK: variable(
    z.enum(['off', 'range'], 'off or range').default('off'),
    'off',
    'whether new passwords are looked for in leaks: `range` tells the service five digits of a hash',
  ),
  PASSWORD_BREACH_URL: variable(
    url(/^https?:/, 'https://api.pwnedpasswords.com/range/').default('https://api.pwnedpasswords.com/range/'),
    'https://api.pwnedpasswords.com/range/',
    'the service of ranges that PASSWORD_BREACH_CHECK asks',
    { inProduction: overHttps },
  ),
  RATE_LIMIT_ANONYMOUS: variable(
    integer(120, 1, 1_000_000),
    '120',
    'calls without credentials of one client in a minute, over all API processes',
  ),
  RATE_LIMIT_AUTH: variable(integer(30, 1, 1_000_000), '30', 'those of them that register or sign in'),
  TWO_FACTOR_FOR_ADMINS: variable(flag('true'), 'true', 'whether admins need a second factor', {
    inProduction: (given) => (given === 'false' ? 'true: admins need a second factor' : null),
  }),
  CHAT_JWT_SECRET: variable(
    z.string().min(32, 'at least 32 characters').optional(),
    '',
    'secret of tokens for the chat; they are not made unless set',
    { secret: { minChars: 32 } },
  ),
} as const satisfies Variables;
