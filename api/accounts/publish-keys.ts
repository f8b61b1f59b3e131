import { createRoute, z } from '@hono/zod-openapi';
import { SIGNING_ALGORITHMS } from '../../domain/accounts/index.ts';
import { defineRoute, fails, json } from '../kernel/index.ts';
import { anybodyOfOurs } from '../middleware/access.ts';

/** Shorter than a step of a rotation takes: who fetches a key before it signs knows it in time. */
const KEPT_S = 300;

/** Named one by one: what is not named here is not published. */
const PublicKey = z
  .object({
    kty: z.string(),
    kid: z.string(),
    alg: z.enum(SIGNING_ALGORITHMS),
    use: z.literal('sig'),
    crv: z.string().optional().openapi({ description: 'Of ES256 and EdDSA' }),
    x: z.string().optional(),
    y: z.string().optional(),
    n: z.string().optional().openapi({ description: 'Of RS256' }),
    e: z.string().optional(),
  })
  .openapi('PublicKey');

const route = createRoute({
  method: 'get',
  path: '/.well-known/jwks.json',
  operationId: 'publishKeys',
  summary: 'The public keys of access tokens',
  description:
    'A JWK Set (RFC 7517) for services that verify our access tokens themselves. A key is here before it signs. Empty where tokens are signed by HS256 alone.',
  tags: ['Account'],
  ...anybodyOfOurs(),
  responses: {
    200: json(z.object({ keys: z.array(PublicKey) }), 'The keys'),
    ...fails('rate_limited', 'identity_is_external'),
  },
});

export const publishKeys = defineRoute(route, (c) => {
  const { JWT_SIGNING_KEYS: ring } = c.var.deps.config;
  c.header('Cache-Control', `public, max-age=${KEPT_S}`);
  return c.json({ keys: ring.map(({ publicJwk }) => PublicKey.parse(publicJwk)) }, 200);
});
