import type { OpenAPIHono } from '@hono/zod-openapi';
import { VERSION } from '../../version.ts';
import type { ApiEnv } from '../context.ts';

const ABOUT = `Orders, refunds and the money behind them.

Amounts are integers in the minor unit of their \`currency\`; times are ISO 8601 in UTC. One thing comes under its name
(\`{"order": …}\`), a list as \`{"data": […], "next_cursor": …}\`.

Every error is a problem document (RFC 9457) with a stable \`code\`. A 503 has \`Retry-After\`, and
\`may_still_be_carried_out\` says whether the request may yet take effect: repeated with the same \`Idempotency-Key\` it
gives the true answer.

Send a bearer token, the cookie of a session or, from a program, an API key; one of them. Each answer to a key says in \`X-RateLimit-Limit\`,
\`X-RateLimit-Remaining\` and \`X-RateLimit-Reset\` (Unix time) what is left of its calls by the hour; a 429 has
\`Retry-After\`.`;

const TAGS = [
  { name: 'Products', description: 'What is for sale' },
  { name: 'Orders', description: 'Purchases, and their payments' },
  { name: 'Refunds', description: 'Money back to the buyer, in three phases' },
  { name: 'Sellers', description: 'What sellers earned' },
  { name: 'Subscriptions', description: 'Plans, what they cost, and what is paid for them' },
  { name: 'Account', description: 'Signing in, and one’s own account' },
  { name: 'Operations', description: 'For admins: what is stuck, and acting on it' },
  { name: 'Webhooks', description: 'For the providers' },
  { name: 'Service', description: 'For those who run the process' },
];

/** Serves the OpenAPI 3.1 document of the routes registered so far; built at the first request, then kept. */
export function serveOpenApi(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: '`sub` is the user, whose role is the one that we hold; issuer and audience are checked.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-veza',
    description:
      'For browsers. Calls that change something need `X-CSRF-Token` too (see `GET /auth/session`), and an `Origin` of ours or one that the operator lets in.',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'ApiKeyAuth', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description:
      'For programs. Acts as its user: scope `read` for GET, `write` for POST, PUT, PATCH and DELETE, `admin` for all, and for what only admins may do. Limited by the hour: see `X-RateLimit-*`.',
  });
  let document: object | undefined;
  app.get('/openapi.json', (c) => {
    document ??= app.getOpenAPI31Document({
      openapi: '3.1.0',
      info: { title: 'Veza', version: VERSION, description: ABOUT },
      servers: [{ url: '/' }],
      tags: TAGS,
    });
    return c.json(document);
  });
}
