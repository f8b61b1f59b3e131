import { beforeAll, describe, expect, expectTypeOf, test } from 'vitest';
import type { InferResponseType } from 'hono/client';
import { createVezaClient, type VezaClient } from '../../api/client.ts';
import { ERRORS, isErrorCode } from '../../domain/errors.ts';
import type { BodyOf } from '../harness/answers.ts';
import { Contract } from '../harness/contract.ts';
import { CLOSED_DATABASE_URL, openApi, type ApiWorld } from '../harness/api.ts';

interface Operation {
  operationId?: string;
  summary?: string;
  tags?: string[];
  security?: object[];
  responses: Record<
    string,
    { content?: Record<string, { examples?: Record<string, { value: { code: string; status: number } }> }> }
  >;
}
interface Document {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, unknown>; securitySchemes: Record<string, unknown> };
  tags: { name: string }[];
}

/** What a program must not do in somebody's name: no API key opens it. */
const FOR_PEOPLE_ALONE = new Set<string | undefined>([
  'approveAction',
  'connectStripeAccount',
  'linkStripeAccount',
  ...['logout', 'readSession', 'listSessions', 'endSession', 'endOtherSessions'],
  ...['changePassword', 'changeEmail', 'linkProvider', 'unlinkProvider'],
  ...['readProfile', 'putProfile', 'readDeletion', 'undoDeletion', 'leave', 'askForDeletion'],
  ...['setUpTwoFactor', 'confirmTwoFactor', 'renewBackupCodes', 'turnOffTwoFactor'],
  ...['leave', 'askForDeletion', 'readDeletion', 'undoDeletion'],
  ...['upgradeCreator', 'makeChatToken', 'makeOwnApiKey', 'listOwnApiKeys', 'revokeOwnApiKey'],
]);

let world: ApiWorld;
let document: Document;
let operations: (Operation & { name: string; path: string })[];
beforeAll(async () => {
  // No database: the document and its page do not need one.
  world = await openApi({ databaseUrl: CLOSED_DATABASE_URL });
  document = (await (await world.app.request('/openapi.json')).json()) as Document;
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ ...operation, path, name: `${method} ${path}` })),
  );
});

describe('the OpenAPI document', () => {
  test('is 3.1 and has the routes of everyone’s first hour', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(operations.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'post /api/v1/marketplace/products',
        'get /api/v1/marketplace/products',
        'post /api/v1/marketplace/orders',
        'get /api/v1/marketplace/orders',
        'get /api/v1/marketplace/orders/{orderId}',
        'post /api/v1/marketplace/orders/{orderId}/refund',
        'get /api/v1/marketplace/orders/{orderId}/refunds',
        'get /api/v1/marketplace/refunds/{refundId}',
        'get /api/v1/sellers/me/balance',
        'get /api/v1/admin/transfers',
        'post /api/v1/admin/transfers/{transferId}/retry',
        'get /api/v1/admin/reversals',
        'post /api/v1/admin/reversals/{reversalId}/retry',
        'post /api/v1/webhooks/hyperswitch',
        'post /api/v1/webhooks/stripe',
      ]),
    );
  });

  test('names each operation once, with a summary and a known tag', () => {
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const tags = document.tags.map(({ name }) => name);
    for (const operation of operations) {
      expect(operation.operationId, operation.name).toBeTruthy();
      expect(operation.summary, operation.name).toBeTruthy();
      expect(tags, operation.name).toEqual(expect.arrayContaining(operation.tags ?? ['none']));
    }
  });

  test('has no reference that leads nowhere', () => {
    const names = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
      (match) => match[1] ?? '',
    );
    expect(names.length).toBeGreaterThan(0);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining([...new Set(names)]));
  });

  test('allows null where a named shape may be missing: nothing is two types at once', () => {
    const contract = new Contract(document as unknown as ConstructorParameters<typeof Contract>[0]);
    const answered = { method: 'GET', status: 200, contentType: 'application/json' };
    const path = '/api/v1/sellers/me/stripe-account';
    expect(contract.faultsOf({ ...answered, path, body: { account: null } })).toEqual([]);
    expect(contract.faultsOf({ ...answered, path, body: { account: 'none' } })).not.toEqual([]);
    for (const [name, schema] of Object.entries(document.components.schemas)) {
      const narrowed = JSON.stringify(schema).match(/"allOf":\[\{"\$ref":"[^"]+"\},\{"type":\[/);
      expect(narrowed, name).toBeNull();
    }
  });

  test('declares every path parameter', () => {
    for (const operation of operations) {
      const declared = JSON.stringify(operation);
      for (const [, name] of operation.path.matchAll(/\{(\w+)\}/g)) {
        expect(declared, operation.name).toContain(`"name":"${name}"`);
      }
    }
  });

  test('documents errors from the one table, each under its status', () => {
    let seen = 0;
    for (const operation of operations) {
      for (const [status, response] of Object.entries(operation.responses)) {
        const problem = response.content?.['application/problem+json'];
        if (Number(status) >= 400) expect(problem, `${operation.name} ${status}`).toBeDefined();
        for (const [code, example] of Object.entries(problem?.examples ?? {})) {
          if (!isErrorCode(code)) throw new Error(`${operation.name} documents ${code}, which is no code`);
          expect(ERRORS[code].status, `${operation.name} ${code}`).toBe(Number(status));
          expect(example.value).toMatchObject({ code, status: ERRORS[code].status });
          seen += 1;
        }
      }
    }
    expect(seen).toBeGreaterThan(50);
  });

  test('asks for a token everywhere but where it cannot, and what it says is enforced', async () => {
    const open = operations
      .filter(({ security }) => (security ?? []).length === 0)
      .map(({ operationId }) => operationId);
    expect(new Set(open)).toEqual(
      new Set([
        ...[
          'health',
          'ready',
          'publishKeys',
          'listPlans',
          'receiveHyperswitchWebhook',
          'receiveStripeWebhook',
        ],
        ...['login', 'refresh', 'register', 'verifyEmail', 'resendVerification'],
        ...['askPasswordReset', 'confirmPasswordReset', 'confirmEmail', 'meetChallenge'],
        ...['beginOauth', 'finishOauth', 'exchangeOauthCode'],
      ]),
    );
    expect(document.components.securitySchemes).toMatchObject({
      bearer: { type: 'http', scheme: 'bearer' },
      cookie: { type: 'apiKey', in: 'cookie', name: '__Host-veza' },
      ApiKeyAuth: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
    });
    for (const { name, operationId, security } of operations) {
      if (open.includes(operationId)) continue;
      const isForPeople = FOR_PEOPLE_ALONE.has(operationId);
      const ofPeople = [{ bearer: [] }, { cookie: [] }];
      expect(security, name).toEqual(isForPeople ? ofPeople : [...ofPeople, { ApiKeyAuth: [] }]);
    }
    for (const { name, operationId } of operations) {
      if (open.includes(operationId)) continue;
      const [method = '', path = ''] = name.split(' ');
      const filled = path.replaceAll(/\{\w+\}/g, '0198f2a4-5c7e-7d3a-9b1c-2f6e8a4d0c11');
      const response = await world.app.request(filled, { method: method.toUpperCase() });
      expect(response.status, name).toBe(401);
    }
  });

  test('says that an action by name is refused as the route of that action alone is', () => {
    const codesOf = (id: string) =>
      Object.values(operations.find(({ operationId }) => operationId === id)?.responses ?? {}).flatMap(
        ({ content }) => Object.keys(content?.['application/problem+json']?.examples ?? {}),
      );
    const byName = codesOf('performAction');
    const ofOneRow = ['Transfer', 'Reversal'].flatMap((kind) => [`retry${kind}`, `resolve${kind}`]);
    for (const alone of [...ofOneRow, 'giveBack', 'giveBackAgain', 'returnRefund']) {
      expect(codesOf(alone), alone).not.toEqual([]);
      expect(byName, alone).toEqual(expect.arrayContaining(codesOf(alone)));
    }
  });
});

describe('the reference page', () => {
  test('comes from local files alone, as its content security policy demands', async () => {
    const page = await world.app.request('/docs');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    const html = await page.text();
    expect(html).not.toMatch(/https?:\/\//);
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const response = await world.app.request(file);
      expect(response.status, file).toBe(200);
      expect((await response.arrayBuffer()).byteLength, file).toBeGreaterThan(0);
    }
    expect((await world.app.request('/docs/package.json')).status).toBe(404);
    expect((await world.app.request('/docs/..%2fpackage.json')).status).toBe(404);
  });
});

describe('the typed client', () => {
  test('knows the routes, their bodies and their answers', () => {
    const client = createVezaClient('http://127.0.0.1:1', { token: 'x' });
    createVezaClient('http://127.0.0.1:1', { apiKey: 'vz_live_x' });
    // @ts-expect-error -- one or the other: the API refuses both
    createVezaClient('http://127.0.0.1:1', { token: 'x', apiKey: 'y' });
    const { marketplace, admin } = client.api.v1;
    type Placing = typeof marketplace.orders.$post;
    expectTypeOf<Parameters<Placing>[0]['json']>().toEqualTypeOf<{ items: { product_id: string }[] }>();
    type Placed = InferResponseType<Placing, 201>;
    expectTypeOf<Placed['order']['amount']>().toEqualTypeOf<number>();
    expectTypeOf<Placed['payment']['payment_id']>().toEqualTypeOf<string>();
    expectTypeOf<InferResponseType<Placing, 202>['payment']>().toEqualTypeOf<null>();
    type Refunding = (typeof marketplace.orders)[':orderId']['refund']['$post'];
    type Refunded = InferResponseType<Refunding, 202>;
    expectTypeOf<Extract<Refunded, { refund: object }>['refund']['id']>().toEqualTypeOf<string>();
    expectTypeOf<Extract<Refunded, { approval: object }>['approval']['id']>().toEqualTypeOf<string>();
    expectTypeOf<InferResponseType<Refunding, 400>['code']>().toEqualTypeOf<keyof typeof ERRORS>();
    expectTypeOf(admin.reversals[':reversalId'].retry.$post).toBeFunction();
    expectTypeOf<VezaClient['health']['$get']>().toBeFunction();
    expect(marketplace.orders[':orderId'].$url({ param: { orderId: 'x' } }).pathname).toBe(
      '/api/v1/marketplace/orders/x',
    );
  });

  test('the tests’ own calls know them too, by path', () => {
    type Asked = BodyOf<'POST', `/marketplace/orders/${string}/refund`>;
    type Opened = Extract<Asked['refund'], { id: string }>;
    expectTypeOf<Opened['amount']>().toEqualTypeOf<number>();
    expectTypeOf<Asked['code']>().toEqualTypeOf<keyof typeof ERRORS | undefined>();
    expectTypeOf<Extract<keyof Asked, 'refund' | 'approval' | 'order' | 'payout'>>().toEqualTypeOf<
      'refund' | 'approval'
    >();
    type Listed = NonNullable<BodyOf<'GET', `/admin/webhooks?limit=${string}`>['data']>;
    expectTypeOf<Listed[number]['event_id']>().toEqualTypeOf<string>();
    // Where there is no route, a refusal is all there can be.
    expectTypeOf<Extract<keyof BodyOf<'GET', '/nothing/at-all'>, 'data' | 'code'>>().toEqualTypeOf<'code'>();
  });
});
