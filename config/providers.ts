import { modeOfKey } from '../providers/stripe/mode.ts';
import { overHttps } from './over-https.ts';
import { integer, url, secret, secretList } from './schemas.ts';
import { variable, type Variables } from './variable.ts';

const saysItsMode = (key: string) =>
  modeOfKey(key) === null ? 'a key that says its mode: sk_live_…, rk_live_…, sk_test_… or rk_test_…' : null;

/** The providers' addresses, and the secrets that we share with them. */
export const PROVIDERS_VARIABLES = {
  HYPERSWITCH_BASE_URL: variable(
    url(/^https?:/, 'https://api.hyperswitch.example'),
    'http://127.0.0.1:8080',
    'Hyperswitch router',
    { inProduction: overHttps },
  ),
  HYPERSWITCH_API_KEY: variable(secret('the merchant API key'), 'snd_…', 'Hyperswitch merchant API key', {
    secret: { minChars: 16 },
  }),
  HYPERSWITCH_WEBHOOK_SECRET: variable(
    secretList('the payment response hash key'),
    'whsec_hyperswitch',
    'secret(s) of Hyperswitch webhooks, comma-separated while rotating',
    { secret: { minChars: 16, isList: true } },
  ),
  STRIPE_SECRET_KEY: variable(secret('a secret key such as sk_test_…'), 'sk_test_…', 'Stripe secret key', {
    secret: { minChars: 16 },
    inProduction: saysItsMode,
  }),
  STRIPE_API_BASE: variable(
    url(/^https?:/, 'https://api.stripe.com').default('https://api.stripe.com'),
    'https://api.stripe.com',
    'Stripe API',
    { inProduction: overHttps },
  ),
  STRIPE_WEBHOOK_SECRET: variable(
    secretList('a signing secret such as whsec_…'),
    'whsec_stripe',
    'secret(s) of Stripe webhooks, comma-separated while rotating',
    { secret: { minChars: 16, isList: true } },
  ),
  STRIPE_MAX_RPS: variable(integer(80, 1, 10_000), '80', 'calls a second to Stripe, over all workers'),
} as const satisfies Variables;
