import { randomBytes } from 'node:crypto';

/** Made anew at each start: what an operator would put into `.env`. */
export function newSecrets() {
  const secret = () => randomBytes(24).toString('hex');
  return {
    POSTGRES_PASSWORD: secret(),
    VEZA_DB_PASSWORD: secret(),
    TEMPORAL_DB_PASSWORD: secret(),
    GRAFANA_ADMIN_PASSWORD: secret(),
    JWT_SECRET: secret(),
    TRIAL_HASH_KEY: secret(),
    PERSONAL_DATA_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    HYPERSWITCH_API_KEY: `snd_${secret()}`,
    HYPERSWITCH_WEBHOOK_SECRET: secret(),
    STRIPE_SECRET_KEY: `sk_test_${secret()}`,
    STRIPE_WEBHOOK_SECRET: `whsec_${secret()}`,
  };
}

/** What the file demands besides secrets. */
export const NO_SECRETS = {
  APP_URL: 'https://shop.example',
  SMTP_HOST: '127.0.0.1',
  MAIL_FROM: 'Veza <no-reply@shop.example>',
} as const;
