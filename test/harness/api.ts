import { SignJWT } from 'jose';
import { v5 as uuidv5, v7 as uuidv7 } from 'uuid';
import { afterAll, inject } from 'vitest';
import { createApp } from '../../api/app.ts';
import type { ApiConfig, ApiObserver } from '../../api/context.ts';
import { type DatabaseWithSql, openWithSql } from '../../sandbox/database.ts';
import { licenses, orderItems, orders } from '../../db/marketplace/orders/schema.ts';
import { products } from '../../db/catalog/schema.ts';
import type { PasswordHasher } from '../../db/accounts/index.ts';
import { users } from '../../db/accounts/schema.ts';
import { sessions } from '../../db/accounts/sessions/schema.ts';
import type { OauthClients } from '../../domain/accounts/oauth.ts';
import type { Mailer } from '../../domain/accounts/mailer.ts';
import type { Role } from '../../domain/accounts/roles.ts';
import { connectLazily, createClient } from '../../engine/connect.ts';
import { createEngine } from '../../engine/index.ts';
import { createLogger } from '../../log.ts';
import { createFileStore } from '../../providers/store/index.ts';
import { createDatabaseFromTemplate, uniqueName } from './services.ts';

export const SECRET = 'a-secret-of-the-tests-with-over-32-characters';
export const CONFIG: ApiConfig = {
  NODE_ENV: 'test',
  APP_ENV: undefined,
  APP_URL: 'https://shop.example',
  API_URL: 'https://api.shop.example',
  IDENTITY: undefined,
  JWT_SECRET: SECRET,
  JWT_SIGNING_KEYS: [],
  JWT_SIGNING_KEY_ID: undefined,
  JWT_JWKS_URL: undefined,
  JWT_ISSUER: 'veza',
  JWT_AUDIENCE: 'veza',
  CORS_ORIGINS: ['https://shop.example'],
  MAINTENANCE_MODE: false,
  TRUSTED_PROXIES: ['10.0.0.0/8', '127.0.0.1', '2001:db8:1::/48'],
  HYPERSWITCH_WEBHOOK_SECRET: ['whsec_hyperswitch_test'],
  STRIPE_WEBHOOK_SECRET: ['whsec_stripe_test'],
  OPEN_ORDERS_MAX: 1000,
  ENGINE_CALLS_MAX: 256,
  ENGINE_WAIT_MAX: 20_000,
  RATE_LIMIT_BEARER: 1_000_000,
  RATE_LIMIT_ANONYMOUS: 1_000_000,
  RATE_LIMIT_AUTH: 1_000_000,
  ACCESS_TOKEN_TTL: 900_000,
  SESSION_TTL: 7_776_000_000,
  SESSION_IDLE: 1_209_600_000,
  AUTH_HASH_CONCURRENCY: 2,
  OAUTH_ALLOWED_REDIRECT_DOMAINS: ['m.shop.example'],
  CHAT_JWT_SECRET: undefined,
  TWO_FACTOR_FOR_ADMINS: true,
  JWT_USER_ID_CLAIM: 'sub',
  JWT_ROLE_CLAIM: 'role',
  JWT_PROVISION_USERS: false,
  JWT_ADMIN_AMR: [],
  PAYOUT_MINIMUM_MINOR: 100,
  SUBSCRIPTION_PAYMENT_TIMEOUT: 86_400_000,
  SUBSCRIPTION_DUNNING: [86_400_000],
  SUBSCRIPTION_RENEWAL_JITTER: 0,
  SUBSCRIPTION_RENEWAL_GRACE: 259_200_000,
  SUBSCRIPTION_QUOTE_TTL: 600_000,
  SUBSCRIPTION_MIN_CHARGE_MINOR: 50,
  SUBSCRIPTION_PHANTOM_AFTER: 86_400_000,
  SUBSCRIPTION_GATES_SELLING: false,
  SUBSCRIPTION_TRIAL_REMINDER: 259_200_000,
  SUBSCRIPTION_RENEWAL_REMINDER: 604_800_000,
  SUBSCRIPTION_SUPPORT_CONTACT: 'support@shop.example',
  TRIAL_HASH_KEY: 'a-key-for-trials-of-the-tests-only',
  INVOICE_SERIES: 'VZ',
  INVOICE_ISSUER: 'Veza; 1 Sample Street; 10115 Berlin',
  BILLING_TIME_SCALE: 1,
  BILLING_TIME_START: undefined,
  FOUR_EYES_ABOVE_MINOR: 50_000,
  REFUND_FEE_POLICY: 'refund',
  TEMPORAL_UI_URL: undefined,
  TEMPORAL_NAMESPACE: 'default',
  DELETION_GRACE: 2_592_000_000,
  PAYLOAD_ENCRYPTION_KEYS: [],
  PAYLOAD_ENCRYPTION_KEY_ID: undefined,
};

/** What the app's database seals under. */
const PERSONAL_KEYS = { keys: [{ id: 'tests', secret: Buffer.alloc(32, 'a key of persons') }] };

/** Nothing listens on port 1. */
export const CLOSED_ADDRESS = '127.0.0.1:1';
export const CLOSED_DATABASE_URL = `postgres://nobody:nothing@${CLOSED_ADDRESS}/none`;

export interface ApiWorld {
  readonly app: ReturnType<typeof createApp>;
  readonly database: DatabaseWithSql;
  readonly databaseUrl: string;
  readonly logLines: string[];
}

/** The app over a database of its own; its engine is away unless an address is given. Ends with the test file. */
export async function openApi({
  temporalAddress = CLOSED_ADDRESS,
  databaseUrl,
  config = CONFIG,
  mailer,
  oauth,
  passwords,
  now,
  observer,
}: {
  temporalAddress?: string;
  databaseUrl?: string;
  config?: ApiConfig;
  mailer?: Mailer;
  oauth?: OauthClients;
  passwords?: PasswordHasher;
  now?: () => Date;
  observer?: ApiObserver;
} = {}): Promise<ApiWorld> {
  const own = databaseUrl === undefined ? await createDatabaseFromTemplate() : undefined;
  const url = own?.url ?? databaseUrl ?? '';
  const database = openWithSql(url, { maxConnections: 6, personalKeys: PERSONAL_KEYS });
  const settings = {
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: 'default',
    PAYLOAD_ENCRYPTION_KEYS: [],
    PAYLOAD_ENCRYPTION_KEY_ID: undefined,
  };
  const connection = connectLazily(settings);
  const engine = createEngine(createClient(connection, settings), {
    core: 'none',
    stripe: 'none',
    billing: 'none',
    people: 'none',
  });
  const logLines: string[] = [];
  const log = createLogger('info', { write: (line) => void logLines.push(line) });
  afterAll(async () => {
    await database.close();
    await connection.close();
    await own?.drop();
  });
  return {
    app: createApp({
      db: database.db,
      engine,
      config,
      log,
      store: createFileStore({ kind: 'folder', folder: `${inject('scratchDir')}/${uniqueName('files')}` }),
      ...(mailer && { mailer }),
      ...(oauth && { oauth }),
      ...(passwords && { passwords }),
      ...(now && { now }),
      ...(observer && { observer }),
    }),
    database,
    databaseUrl: url,
    logLines,
  };
}

export interface TokenClaims {
  readonly sub?: string;
  /** That of `addUser`, unless another is given; null: none. */
  readonly sid?: string | null;
  readonly role?: string;
  readonly iss?: string;
  readonly aud?: string;
  readonly secret?: string;
  readonly alg?: string;
  readonly expiresInS?: number;
  /** When somebody proved who they are, as identity providers say it. */
  readonly authTimeS?: number;
}

export async function tokenOf({
  sub,
  sid,
  role = 'user',
  iss = 'veza',
  aud = 'veza',
  secret = SECRET,
  alg = 'HS256',
  expiresInS = 60,
  authTimeS,
}: TokenClaims): Promise<string> {
  const session = sub === undefined ? {} : { sid: sessionIdOf(sub) };
  const jwt = new SignJWT({ role, ...session, ...(sid !== undefined && { sid }), auth_time: authTimeS })
    .setProtectedHeader({ alg })
    .setIssuer(iss)
    .setAudience(aud)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInS);
  if (sub !== undefined) jwt.setSubject(sub);
  return jwt.sign(new TextEncoder().encode(secret));
}

export const bearer = async (claims: TokenClaims) => ({ Authorization: `Bearer ${await tokenOf(claims)}` });

export async function addUser({ db }: DatabaseWithSql, role: Role = 'user'): Promise<string> {
  const id = uuidv7();
  await db.insert(users).values({ id, email: `${id}@people.example`, role });
  await addSession({ db }, id);
  return id;
}

const SESSIONS = 'f3a1c1de-6d1b-4b62-9d5c-0f7d8e1a2b3c';
/** The one session that a person of these tests has: their tokens are made without looking. */
export const sessionIdOf = (userId: string): string => uuidv5(userId, SESSIONS);

/** So that somebody's tokens are let in. */
export async function addSession({ db }: Pick<DatabaseWithSql, 'db'>, userId: string): Promise<void> {
  const expiresAt = new Date(Date.now() + 24 * 60 * 60 * 1000);
  const session = { kind: 'ops', amr: ['cli'], secretHash: '0'.repeat(64), expiresAt } as const;
  await db.insert(sessions).values({ id: sessionIdOf(userId), userId, ...session, amr: ['cli'] });
}

export async function addProduct(
  { db }: DatabaseWithSql,
  sellerId: string,
  set: Partial<typeof products.$inferInsert> = {},
): Promise<string> {
  const id = uuidv7();
  await db
    .insert(products)
    .values({ id, sellerId, title: 'Night Drive', priceMinor: 2500, currency: 'EUR', ...set });
  return id;
}

/** A completed order of one item, written past the workflows: for reading only. */
export async function addOrder(
  { db }: DatabaseWithSql,
  { buyerId, sellerId, productId }: { buyerId: string; sellerId: string; productId: string },
  set: Partial<typeof orders.$inferInsert> = {},
): Promise<{ orderId: string; itemId: string }> {
  const orderId = uuidv7();
  const itemId = uuidv7();
  await db.insert(orders).values({
    id: orderId,
    buyerId,
    totalMinor: 2500,
    capturedMinor: 2500,
    capturedCurrency: 'EUR',
    currency: 'EUR',
    status: 'completed',
    paymentId: orderId,
    paymentClientSecret: `${orderId}_secret_x`,
    paymentStatus: 'succeeded',
    completedAt: new Date(),
    ...set,
  });
  await db.insert(orderItems).values({
    id: itemId,
    orderId,
    position: 0,
    productId,
    sellerId,
    amountMinor: 2500,
    platformFeeMinor: 250,
  });
  await db.insert(licenses).values({ id: uuidv7(), orderItemId: itemId, buyerId, productId });
  return { orderId, itemId };
}

/** A JSON body whose fields the test looks at by name. */
export async function bodyOf(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>;
}
