import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { type Context } from 'hono';
import { getCookie } from 'hono/cookie';
import { except } from 'hono/combine';
import { cors } from 'hono/cors';
import { createMiddleware } from 'hono/factory';
import { z } from 'zod';
import { CONSOLE_COOKIE } from '../../domain/operators/ids.ts';
import { type Caller, hasSecondFactor, identityOf } from '../../domain/accounts/index.ts';
import { VezaError } from '../../domain/errors.ts';
import { createCodec, isEncrypted } from '../../engine/codec.ts';
import type { ApiDeps, ApiEnv } from '../context.ts';
import { decodeText, parseJson, readBytes } from '../kernel/index.ts';
import { onlyRoles } from '../middleware/access.ts';
import { callerOfConsole } from '../middleware/authenticate.ts';

// Temporal's protocol for remote codecs: its Web UI posts payloads here to show them in clear, or to send a signal.

const DECODE = '/ops/codec/decode';
const ENCODE = '/ops/codec/encode';
const PREFLIGHT_KEPT_S = 600;

/** Lets only the pages of Temporal's UI ask, with the cookie of the console's session. */
export function openToTemporalUi(app: OpenAPIHono<ApiEnv>, uiUrl: string | undefined): void {
  const origin = originsOf(uiUrl);
  for (const path of [DECODE, ENCODE]) {
    app.use(path, cors({ origin, credentials: true, allowMethods: ['POST'], maxAge: PREFLIGHT_KEPT_S }));
  }
}

const originsOf = (uiUrl: string | undefined) => (uiUrl === undefined ? [] : [new URL(uiUrl).origin]);

/** For admins only: by bearer token, or by the session of the console. What is shown is not stored. */
export function serveCodec(app: OpenAPIHono<ApiEnv>, { config, db }: Pick<ApiDeps, 'config' | 'db'>): void {
  const codec = createCodec(config.PAYLOAD_ENCRYPTION_KEYS, config.PAYLOAD_ENCRYPTION_KEY_ID);
  const bySession = sessionOf({ config, db }, originsOf(config.TEMPORAL_UI_URL));
  const byToken = except((c) => c.get('caller') !== undefined, ...onlyRoles('admin').middleware);
  app.use('/ops/codec/*', bySession, byToken, onlyJson);

  app.post(DECODE, async (c) => {
    const payloads = await Promise.all((await payloadsOf(c)).map((payload) => decodeOne(codec, payload)));
    c.var.log.info(
      { payloads: payloads.length, namespace: c.req.header('x-namespace') },
      'payloads of Temporal shown in clear',
    );
    return c.json({ payloads: payloads.map(toJson) });
  });

  app.post(ENCODE, async (c) => {
    const payloads = await codec.encode(await payloadsOf(c));
    return c.json({ payloads: payloads.map(toJson) });
  });
}

/** One that cannot be read must not hide the others on a page: it says why instead. */
async function decodeOne(codec: PayloadCodec, payload: Payload): Promise<Payload> {
  if (!isEncrypted(payload)) return payload;
  try {
    return (await codec.decode([payload]))[0]!;
  } catch (error) {
    if (!(error instanceof VezaError)) throw error;
    return {
      metadata: { encoding: Buffer.from('json/plain') },
      data: Buffer.from(JSON.stringify(error.detail)),
    };
  }
}

const Base64 = z.base64();
const Body = z.object({
  payloads: z.array(
    z.object({ metadata: z.record(z.string(), Base64).default({}), data: Base64.default('') }),
  ),
});

async function payloadsOf(c: Context<ApiEnv>): Promise<Payload[]> {
  const body = Body.safeParse(parseJson(decodeText(await readBytes(c))));
  if (!body.success) throw new VezaError('validation_failed', 'Send {"payloads":[{"metadata","data"}]}.');
  return body.data.payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data, 'base64'),
  }));
}

const toJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value ?? []).toString('base64'),
    ]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});

/** Browsers post other types for any page, without asking us first. */
const onlyJson = createMiddleware<ApiEnv>(async (c, next) => {
  if (!/^application\/json *(;|$)/i.test(c.req.header('content-type') ?? '')) {
    throw new VezaError('unsupported_media_type', 'Send the body with Content-Type: application/json.');
  }
  await next();
});

/**
 * The cookie of the console: a session's secret, or an identity provider's token. Only here does the API accept it, and only
 * from our own pages and from those of `origins`, since a browser may send it from other pages too. A request without Origin
 * comes from no page.
 */
const sessionOf = ({ config, db }: Pick<ApiDeps, 'config' | 'db'>, origins: readonly string[]) =>
  createMiddleware<ApiEnv>(async (c, next) => {
    const given = getCookie(c, CONSOLE_COOKIE);
    if (given !== undefined && c.req.header('authorization') === undefined) {
      const origin = c.req.header('origin');
      if (origin !== undefined && !origins.includes(origin) && hostOf(origin) !== c.req.header('host')) {
        throw new VezaError('forbidden', `The console's session is not taken from pages of ${origin}.`);
      }
      if (identityOf(config) === 'own') c.set('caller', await adminOf(given, { config, db }));
      else c.req.raw.headers.set('Authorization', `Bearer ${given}`);
    }
    await next();
  });

async function adminOf(secret: string, { config, db }: Pick<ApiDeps, 'config' | 'db'>): Promise<Caller> {
  const { caller, session } = await callerOfConsole(secret, { db });
  if (caller.role !== 'admin') throw new VezaError('forbidden', 'This needs the role admin.');
  if (config.TWO_FACTOR_FOR_ADMINS && session !== null && !hasSecondFactor(session.amr)) {
    throw new VezaError('two_factor_required', 'Set up a second factor first.');
  }
  return caller;
}

const hostOf = (origin: string) => (URL.canParse(origin) ? new URL(origin).host : null);
