import { describe, expect, test } from 'vitest';
import { readConfig, VARIABLES } from '../../config.ts';
import { problemsOf } from './problems.ts';
import { unguessedChars } from '../../config/secret-strength.ts';

const GOOD = {
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://veza:9f1c6b2d7a40@db.internal:5432/veza',
  JWT_SECRET: 'fQ2v9sXk1LwTz7Rb4Nc8Yd3Hm6Pj0Gae',
  TRIAL_HASH_KEY: 'Tz7Rb4Nc8Yd3Hm6Pj0GaefQ2v9sXk1Lw',
  PERSONAL_DATA_KEYS: 'k1:2n7Q0sVt4yB8cF3hK6mP9rU1wX5zA7dG0jL4nR8vE2Q=',
  APP_URL: 'https://shop.example',
  SMTP_HOST: 'smtp.shop.example',
  MAIL_FROM: 'Veza <no-reply@shop.example>',
  HYPERSWITCH_BASE_URL: 'https://api.hyperswitch.io',
  HYPERSWITCH_API_KEY: 'snd_7Qw2Er9Ty4Ui1Op6',
  HYPERSWITCH_WEBHOOK_SECRET: 'b7c1d2e3f4a5968778695a4b',
  STRIPE_SECRET_KEY: 'sk_test_51Nc8Yd3Hm6Pj0Ga',
  STRIPE_WEBHOOK_SECRET: 'whsec_4Nc8Yd3Hm6Pj0GaE',
  PAYLOAD_ENCRYPTION_KEYS:
    'example-2026:Zk3vQ9sXk1LwTz7Rb4Nc8Yd3Hm6Pj0GaefQ2v9sXk1E=,of-2025:9sXk1LwTz7Rb4Nc8Yd3Hm6Pj0GaefQ2v9sXk1Zk3vQE=',
};

const problemsWith = (set: Record<string, string>) => problemsOf({ ...GOOD, ...set });

describe('a production configuration', () => {
  const EXTERNAL = { IDENTITY: 'external', JWT_JWKS_URL: 'https://issuer.example/keys' };

  test.each(['APP_URL', 'SMTP_HOST', 'MAIL_FROM'])('with accounts of its own needs %s', (name) => {
    expect(problemsWith({ [name]: '' })).toEqual([expect.stringMatching(`^${name}: is missing; expected`)]);
    expect(problemsWith({ [name]: '', ...EXTERNAL })).toEqual([]);
  });

  const PAYLOAD_KEY = GOOD.PAYLOAD_ENCRYPTION_KEYS.split(',')[1]?.split(':')[1] ?? '';

  describe.each([
    ['with accounts of its own', {}],
    ['whose people an identity provider knows', EXTERNAL],
  ])('%s refuses PERSONAL_DATA_KEYS', (_, identity) => {
    test.each([
      ['missing', '', 'is missing; expected a key'],
      ['short', 'k1:2n7Q0sVt4yB8cF3hK6mP9g==', 'expected id:key pairs, .* each key 32 bytes'],
      ['of one character', `k1:${'A'.repeat(43)}=`, 'expected a secret of your own'],
      [
        'of the embedded stack',
        'embedded:b2YtcGVyc29ucy1vZi10aGUtZW1iZWRkZWQtc3RhY2s=',
        'expected keys of random bytes',
      ],
      ['second, of text', `${GOOD.PERSONAL_DATA_KEYS}, k0:${btoa('x'.repeat(31) + 'y')}`, 'random bytes'],
      ['that is also the payloads’', `k1:${PAYLOAD_KEY}`, 'expected keys of its own'],
      ['second, that is also the payloads’', `${GOOD.PERSONAL_DATA_KEYS},k0:${PAYLOAD_KEY}`, 'of its own'],
    ])('%s', (__, value, reason) => {
      const problems = problemsWith({ ...identity, PERSONAL_DATA_KEYS: value });
      expect(problems.join()).toMatch(new RegExp(`^PERSONAL_DATA_KEYS: .*${reason}`));
      for (const problem of problems) expect(problem).toMatch(/^PERSONAL_DATA_KEYS: /);
    });
  });

  test.each([
    ['APP_URL', 'http://shop.example', 'https'],
    ['APP_URL', 'https://shop.example/app', 'without a path'],
    ['API_URL', 'http://api.shop.example', 'https'],
    ['SMTP_TLS', 'none', 'starttls or implicit'],
    ['SMTP_TLS', 'tls', 'starttls, implicit, none'],
    ['SMTP_USER', 'veza', 'both or none'],
    ['MAIL_FROM', 'a@shop.example, b@shop.example', 'an address such as'],
    ['OAUTH_GITHUB_CLIENT_ID', 'Iv1.8a61f9b3a7aba766', 'all of them or none'],
    ['OAUTH_ALLOWED_REDIRECT_DOMAINS', '*.shop.example', 'each in full'],
    ['OAUTH_ALLOWED_REDIRECT_DOMAINS', 'app.shop.example:8443', 'each in full'],
    ['OAUTH_STAND_IN_URL', 'http://127.0.0.1:4600', 'nothing'],
  ])('refuses %s %s', (name, value, reason) => {
    expect(problemsWith({ [name]: value })).toEqual([
      expect.stringMatching(`^${name}.*: expected .*${reason}`),
    ]);
  });

  test.each([
    ['TWO_FACTOR_FOR_ADMINS', 'false', 'true: admins need a second factor'],
    ['CHAT_JWT_SECRET', 'fQ2v9sXk1LwTz7Rb', 'at least 32 characters'],
    ['CHAT_JWT_SECRET', VARIABLES.JWT_SECRET.example, 'words or sequences|not the example|placeholder'],
    ['CHAT_JWT_SECRET', 'only-for-the-embedded-stack-on-this-machine', 'embedded stack'],
    ['CHAT_JWT_SECRET', GOOD.JWT_SECRET, 'another one than JWT_SECRET'],
  ])('refuses %s=%s', (name, value, reason) => {
    const problems = problemsWith({ [name]: value });
    expect(problems).not.toEqual([]);
    for (const problem of problems) expect(problem).toMatch(new RegExp(`^${name}: expected .*(${reason})`));
  });

  test('lets mails go without TLS within a private network', () => {
    expect(problemsWith({ SMTP_HOST: 'mail.internal', SMTP_TLS: 'none' })).toEqual([]);
    expect(problemsWith({ SMTP_HOST: '10.1.2.3', SMTP_TLS: 'none' })).toEqual([]);
  });

  test('switches a provider on by all that it needs, or not at all', () => {
    const given = {
      OAUTH_OIDC_CLIENT_ID: 'veza',
      OAUTH_OIDC_CLIENT_SECRET: 'Tz7Rb4Nc8Yd3Hm6Pj0GaefQ2v9sXk1Lw',
      OAUTH_OIDC_ISSUER: 'https://login.shop.example',
      OAUTH_ALLOWED_REDIRECT_DOMAINS: 'app.shop.example, m.shop.example',
    };
    expect(problemsWith(given)).toEqual([]);
    for (const name of ['OAUTH_OIDC_CLIENT_ID', 'OAUTH_OIDC_CLIENT_SECRET', 'OAUTH_OIDC_ISSUER']) {
      expect(problemsWith({ ...given, [name]: '' })).toEqual([
        expect.stringMatching(`${name}.*: expected all`),
      ]);
    }
  });

  test('is one by APP_ENV as well', () => {
    const asked = { NODE_ENV: 'development', APP_ENV: 'production' };
    expect(problemsWith({ ...asked, JWT_SECRET: VARIABLES.JWT_SECRET.example })).toEqual([
      expect.stringMatching('not the example'),
    ]);
    expect(problemsWith({ ...asked, SMTP_HOST: '' })).toHaveLength(1);
  });

  test('with secrets of its own is accepted, also with the test keys of a staging system', () => {
    expect(problemsWith({})).toEqual([]);
  });

  test.each([
    ['JWT_SECRET', VARIABLES.JWT_SECRET.example, 'not the example'],
    ['STRIPE_WEBHOOK_SECRET', VARIABLES.STRIPE_WEBHOOK_SECRET.example, 'not the example'],
    ['JWT_SECRET', 'only-for-the-embedded-stack-on-this-machine', 'embedded stack'],
    ['HYPERSWITCH_API_KEY', 'snd_embedded_but_long_enough', 'embedded stack'],
    ['STRIPE_SECRET_KEY', 'sk_test_xxxxxxxxxxxxxxxxxxxxxxxx', 'placeholder'],
    ['HYPERSWITCH_WEBHOOK_SECRET', 'changeme-changeme-changeme', 'placeholder'],
    ['HYPERSWITCH_API_KEY', 'snd_7Qw2', 'at least 16 characters'],
    ['STRIPE_SECRET_KEY', 'sk_live_1', 'at least 16 characters'],
    ['STRIPE_SECRET_KEY', 'stripe_51Nc8Yd3Hm6Pj0GaQ', 'says its mode'],
    ['JWT_SECRET', 'ab'.repeat(20), 'a few characters repeated'],
    [
      'PAYLOAD_ENCRYPTION_KEYS',
      `main-key-2026:${Buffer.alloc(32).toString('base64')}`,
      'a few characters repeated',
    ],
    ...[
      'correct-horse-battery-staple-2024',
      'CorrectHorseBatteryStaple12345678',
      'abcdefghijklmnopqrstuvwxyz012345',
      '0123456789abcdef0123456789abcdef',
      'qwertyuiopasdfghjklzxcvbnm123456',
      'zyxwvutsrqponmlkjihgfedcba987654',
      'aaaabbbbccccddddeeeeffffgggghhhh',
      'p4ssw0rd-p4ssw0rd-p4ssw0rd-p4ssw0rd',
      'x7Kq9mWz'.repeat(4),
      'ThisIsTheSecretOfOurProductionSystem',
      'veza-production-jwt-secret-2026-11',
      'geheimes-passwort-fuer-die-produktion',
      'summer2024winter2025spring2026autumn',
      'hunter2hunter2hunter2hunter2hunter2',
    ].map((value): [string, string, string] => ['JWT_SECRET', value, 'words or sequences']),
    ['STRIPE_SECRET_KEY', 'sk_live_thisisourstripekey', 'words or sequences'],
    ['STRIPE_WEBHOOK_SECRET', 'whsec_webhooksecretofveza', 'words or sequences'],
    ['HYPERSWITCH_WEBHOOK_SECRET', 'abcdefgh12345678', 'words or sequences'],
    ['DATABASE_URL', 'postgres://veza:abcdefghijklmnop@db.internal/veza', 'words or sequences'],
    ['DATABASE_URL', 'postgres://veza:veza@db.internal/veza', 'a password of your own, not the example'],
    ['DATABASE_URL', 'postgres://veza@db.internal/veza', 'a password of your own'],
    ['DATABASE_URL', 'postgres://veza:@db.internal/veza', 'at least 12 characters'],
    ['DATABASE_URL', 'postgres://veza:postgres@db.internal/veza', 'guessed first'],
    ['DATABASE_URL', 'postgres://veza:password@db.internal/veza', 'guessed first'],
    ['DATABASE_URL', 'postgres://veza:VezaPassword2026@db.internal/veza', 'guessed first'],
    ['DATABASE_URL', 'postgres://veza:change-me-please@db.internal/veza', 'placeholder'],
    ['DATABASE_URL', 'postgres://veza:9f1c6b2d@db.internal/veza', 'at least 12 characters'],
    ['DATABASE_URL', 'postgres://veza:abababababab@db.internal/veza', 'a few characters repeated'],
  ])('with %s=%s is refused: %s', (name, value, why) => {
    const problems = problemsWith({ [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: expected .*${why}`))]);
    expect(problems.join()).not.toContain(value);
    expect(() => readConfig({ ...GOOD, [name]: value, NODE_ENV: 'development' })).not.toThrow();
  });

  test('is refused for one bad secret among those of a rotation', () => {
    const rotating = `${GOOD.STRIPE_WEBHOOK_SECRET},whsec_old`;
    expect(problemsWith({ STRIPE_WEBHOOK_SECRET: rotating })).toEqual([
      expect.stringMatching(/^STRIPE_WEBHOOK_SECRET: .*16 characters/),
    ]);
  });

  test('takes a comma in a secret that is no list for a part of it', () => {
    expect(problemsWith({ JWT_SECRET: 'fQ2v9sXk1LwTz7Rb,Nc8Yd3Hm6Pj0GaeX' })).toEqual([]);
    expect(problemsWith({ HYPERSWITCH_API_KEY: 'snd_7Qw2,Er9Ty4Ui1Op6' })).toEqual([]);
    expect(problemsWith({ JWT_SECRET: ',,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,' })).toHaveLength(1);
  });

  test.each(['PSP_READ_LAG', 'STRIPE_READ_LAG'])(
    'believes no "not found" of a provider sooner than after ten minutes (%s)',
    (name) => {
      expect(problemsWith({ [name]: '1h' })).toEqual([]);
      expect(problemsWith({ [name]: '599s' })).toEqual([
        expect.stringMatching(new RegExp(`^${name}: expected 10m`)),
      ]);
      expect(problemsWith({ [name]: '1s', NODE_ENV: 'development' })).toEqual([]);
    },
  );

  test('names every variable that is at fault, in one go', () => {
    const problems = problemsWith({ JWT_SECRET: 'short', STRIPE_SECRET_KEY: 'sk_live_1', PORT: 'many' });
    expect(new Set(problems.map((problem) => problem.split(':')[0]))).toEqual(
      new Set(['JWT_SECRET', 'STRIPE_SECRET_KEY', 'PORT']),
    );
  });

  test.each([
    ['http://api.hyperswitch.io', true],
    ['http://203.0.113.7:8080', true],
    ['http://172.32.0.1', true],
    ['http://127.0.0.1:8080', false],
    ['http://172.16.0.9', false],
    ['http://[::1]:8080', false],
    ['http://hyperswitch:8080', false],
    ['http://hyperswitch.payments.svc', false],
    ['https://api.hyperswitch.io', false],
  ])('that sends keys to %s is refused: %s', (url, isRefused) => {
    expect(problemsWith({ HYPERSWITCH_BASE_URL: url })).toEqual(
      isRefused ? [expect.stringMatching(/^HYPERSWITCH_BASE_URL: expected https/)] : [],
    );
  });
});

describe('generated secrets', () => {
  /** Drawn by a generator with a seed, so that a failure is not luck. */
  function* generated(alphabet: string, length: number) {
    let state = 42;
    for (;;) {
      let secret = '';
      while (secret.length < length) {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        secret += alphabet[Math.floor((state / 2 ** 32) * alphabet.length)]!;
      }
      yield secret;
    }
  }
  const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
  const BASE64 = `${LETTERS}${LETTERS.toUpperCase()}0123456789+/`;

  test.each([
    ['base64', BASE64, 32, 11],
    ['base64, short', BASE64, 16, 6],
    ['hexadecimal', '0123456789abcdef', 32, 11],
    ['letters alone', LETTERS, 32, 11],
  ])(
    '%s: nine thousand nine hundred and ninety of ten thousand are taken, and more',
    (_, alphabet, length, least) => {
      const secrets = generated(alphabet, length);
      let refused = 0;
      for (let count = 0; count < 10_000; count += 1) {
        if (unguessedChars(secrets.next().value!) < least) refused += 1;
      }
      expect(refused).toBeLessThanOrEqual(30);
    },
  );
});

describe('the examples', () => {
  const examples = {
    JWT_SECRET: VARIABLES.JWT_SECRET.example,
    HYPERSWITCH_API_KEY: VARIABLES.HYPERSWITCH_API_KEY.example,
    STRIPE_WEBHOOK_SECRET: `${GOOD.STRIPE_WEBHOOK_SECRET},${VARIABLES.STRIPE_WEBHOOK_SECRET.example}`,
    DATABASE_URL: VARIABLES.DATABASE_URL.example,
  };

  test.each(['', 'Production', 'prod', 'staging', 'dev', 'Development', 'production'])(
    'are refused where NODE_ENV is %j',
    (nodeEnv) => {
      for (const [name, example] of Object.entries(examples)) {
        expect(problemsWith({ NODE_ENV: nodeEnv, [name]: example })).toEqual([
          expect.stringMatching(new RegExp(`^${name}: expected .* of your own, not the example`)),
        ]);
      }
    },
  );

  test.each(['development', 'test'])('are taken where NODE_ENV is %s', (nodeEnv) => {
    expect(problemsWith({ NODE_ENV: nodeEnv, ...examples })).toEqual([]);
  });
});

describe('whitelists', () => {
  test.each(['*', 'https://shop.example/', 'shop.example', 'https://a.example,*'])(
    'CORS_ORIGINS=%s is refused',
    (value) => {
      expect(problemsWith({ CORS_ORIGINS: value })).toEqual([
        expect.stringMatching(/^CORS_ORIGINS: expected origins/),
      ]);
    },
  );

  test.each(['10.0.0.0/33', 'proxy.internal', '10.0.0/8', '10.0.0.1/8/9', '::1/129'])(
    'TRUSTED_PROXIES=%s is refused',
    (value) => {
      expect(problemsWith({ TRUSTED_PROXIES: value })).toEqual([
        expect.stringMatching(/^TRUSTED_PROXIES: expected addresses or networks/),
      ]);
    },
  );
});
