import { OpenAPIHono } from '@hono/zod-openapi';
import { PasswordHasher } from '../db/accounts/index.ts';
import { createPurchases } from '../db/purchases.ts';
import { assertMaySell } from '../db/subscriptions/index.ts';
import { NO_MAILER } from '../domain/accounts/index.ts';
import { VezaError } from '../domain/errors.ts';
import { billingTermsOf } from '../domain/subscriptions/index.ts';
import { RequestBodies } from '../request-bodies.ts';
import { createClientFinder } from '../trusted-proxies.ts';
import { MailTurns } from './accounts/mail-turns.ts';
import { openToTemporalUi, serveCodec, Maintenance } from './operators/index.ts';
import { type ApiDeps, type ApiEnv, type AppDeps, UNOBSERVED } from './context.ts';
import { Cursors, answerError, answerProblem, refuseInvalid } from './kernel/index.ts';
import { serveOpenApi } from './docs/openapi.ts';
import { serveReference } from './docs/reference.ts';
import { accessLog } from './middleware/access-log.ts';
import { limitBody, refuseLongBody } from './middleware/body-limit.ts';
import { limitAnonymous } from './middleware/client-limit.ts';
import { crossOrigin } from './middleware/cross-origin.ts';
import { deadline } from './middleware/deadline.ts';
import { sharedSecretOf } from './middleware/keys.ts';
import { closedForMaintenance } from './middleware/maintenance.ts';
import { observe } from './middleware/observe.ts';
import { plainQuery } from './middleware/plain-query.ts';
import { requestId } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { wrongMethod } from './middleware/wrong-method.ts';
import { createAdmission, RefundFeed } from './marketplace/index.ts';
import { createAskAdmission } from './subscriptions/index.ts';
import { ROOT_ROUTES, V1_ROUTES } from './routes.ts';

/** The HTTP API. Knows nothing of processes, ports or the environment. */
export function createApp(given: ApiDeps) {
  const now = given.now ?? (() => new Date());
  const { db, log, config } = given;
  const terms = billingTermsOf(config);
  const deps: AppDeps = {
    now,
    reads: db,
    maintenance: new Maintenance({ db, log, now, isOnAtStart: config.MAINTENANCE_MODE }),
    refundEvents: new RefundFeed(given),
    bodies: new RequestBodies(),
    passwords: new PasswordHasher({ atATime: config.AUTH_HASH_CONCURRENCY }),
    isBreached: async () => false,
    purchases: createPurchases(config),
    admission: createAdmission(config),
    askAdmission: createAskAdmission(config),
    mailTurns: new MailTurns(),
    terms,
    assertMaySell: async (tx, userId) => {
      if (config.SUBSCRIPTION_GATES_SELLING) await assertMaySell(tx, userId, terms);
    },
    cursors: new Cursors(sharedSecretOf(config)),
    observer: UNOBSERVED,
    mailer: NO_MAILER,
    oauth: {},
    findClient: createClientFinder(config.TRUSTED_PROXIES),
    ...given,
  };
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  app.onError(answerError);
  app.notFound((c) => answerProblem(new VezaError('not_found', `There is nothing at ${c.req.path}.`), c));

  app.use(requestId(deps));
  app.use(observe);
  app.use(accessLog);
  app.use(securityHeaders);
  openToTemporalUi(app, deps.config.TEMPORAL_UI_URL);
  app.use(crossOrigin(deps.config.CORS_ORIGINS));
  app.use(deadline);
  app.use(limitBody, refuseLongBody);
  app.use(plainQuery);
  app.use(closedForMaintenance);
  app.use(limitAnonymous);
  app.use(wrongMethod(app));

  const v1 = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid }).openapiRoutes(V1_ROUTES);
  const routed = app.route('/api/v1', v1).openapiRoutes(ROOT_ROUTES);
  serveCodec(app, deps);
  serveOpenApi(app);
  serveReference(app);
  return routed;
}

/** What the typed client knows of the routes. */
export type AppType = ReturnType<typeof createApp>;
