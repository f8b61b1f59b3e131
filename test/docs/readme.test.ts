import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVezaClient } from '../../api/client.ts';
import { openShop, type Shop } from '../harness/shop.ts';
import { World } from '../harness/world.ts';

// The front page is short, and what it shows works: its four calls are made here as they stand in it.

const read = (name: string) => readFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
const README = read('README.md');

/** What stands between ``` of this language, the first of it. */
const block = (language: string) => README.split(`\`\`\`${language}\n`)[1]?.split('\n```')[0] ?? '';

it('is read in one go', () => {
  expect(README.split('\n').length).toBeLessThan(120);
});

it('shows the console, and a reversal in Temporal’s UI', () => {
  const pictures = [...README.matchAll(/!\[[^\]]+\]\(docs\/screenshots\/(\S+)\)/g)].map(([, name]) => name);
  expect(pictures).toEqual(['stuck-console.png', 'reversal-backoff-temporal.png']);
});

it('its two commands are scripts, and .ci/run runs the one for tests', () => {
  const [demo = '', tests = ''] = [...README.matchAll(/^\| `(npm ci && npm [^`]+)` +\|/gm)].map(
    ([, command]) => command!,
  );
  expect([demo, tests]).toEqual(['npm ci && npm run demo', 'npm ci && npm test']);
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
  // Between its two halves stand the checks of `npm run verify`, and nothing else.
  expect(read('.ci/run').replaceAll(/ && npm run verify[:\w]*/g, '')).toContain(tests);
});

describe('the four calls', () => {
  let world: World;
  let shop: Shop;
  beforeAll(async () => {
    world = await World.create();
    shop = await openShop(world);
  });
  afterAll(() => world.close());

  /** What a frontend waits for: the buyer pays in the browser, and the webhook says so. */
  async function payOf(orderId: string) {
    world.psp.control.pay(orderId);
    await world.finished(`order/${orderId}`);
  }

  it('with curl', async () => {
    const lines = block('sh').replaceAll('\\\n', ' ').split('\n');
    const [buy = '', order = '', refund = '', look = ''] = lines.filter((line) => line.startsWith('curl '));
    const shell: Record<string, string> = {
      ...{ API: `${world.apiUrl}/api/v1`, BUYER: shop.buyer.token, PRODUCT: shop.seller.productId },
      ...{ KEY_1: 'buy-1', KEY_2: 'refund-1' },
    };

    const placed = await run(buy, shell);
    expect(placed['order']).toMatchObject({ status: 'pending', amount: 10_000 });
    expect(placed['payment']).toMatchObject({ client_secret: expect.any(String) as string });
    const orderId = placed['order']!['id'] as string;
    await payOf(orderId);
    shell['ORDER'] = orderId;
    expect((await run(order, shell))['order']).toMatchObject({ status: 'completed' });

    const asked = await run(refund, shell);
    expect(asked['refund']).toMatchObject({ status: 'pending', amount: 10_000, reason: 'Ordered twice' });
    const refundId = asked['refund']!['id'] as string;
    await world.finished(`refund/${refundId}`);
    shell['REFUND'] = refundId;
    expect((await run(look, shell))['refund']).toMatchObject({ status: 'succeeded' });
  });

  it('with the typed client', async () => {
    const origin = world.apiUrl;
    const { productId } = shop.seller;
    const session = shop.buyer;

    const veza = createVezaClient(origin, { token: () => session.token });
    const { orders, refunds } = veza.api.v1.marketplace;
    const newKey = () => ({ 'Idempotency-Key': crypto.randomUUID() }); // kept, it makes a call repeatable

    const placed = await orders.$post({ header: newKey(), json: { items: [{ product_id: productId }] } });
    if (placed.status !== 201) throw new Error(`the order was not placed: ${placed.status}`);
    const { order, payment } = await placed.json();
    expect(payment.client_secret).toEqual(expect.any(String));
    await payOf(order.id);

    const param = { orderId: order.id };
    const bought = await orders[':orderId'].$get({ param });
    expect(await bought.json()).toMatchObject({ order: { status: 'completed' } });

    const asked = await orders[':orderId'].refund.$post({ param, header: newKey(), json: {} });
    if (asked.status !== 202) throw new Error(`the refund was not opened: ${asked.status}`);
    const opened = await asked.json();
    if ('approval' in opened) throw new Error('an admin asked for it, and a second admin has to agree');
    await world.finished(`refund/${opened.refund.id}`);

    const refunded = await refunds[':refundId'].$get({ param: { refundId: opened.refund.id } });
    expect(await refunded.json()).toMatchObject({ refund: { status: 'succeeded', amount: 10_000 } });
  });

  it('with the typed client: the README’s lines are those of the test above, in their order', () => {
    const here = readFileSync(fileURLToPath(import.meta.url), 'utf8')
      .split('\n')
      .map((line) => line.trim());
    let at = 0;
    for (const line of block('ts')
      .split('\n')
      .filter((text) => text !== '')) {
      const found = here.indexOf(line, at);
      expect(found, line).toBeGreaterThanOrEqual(at);
      at = found + 1;
    }
    expect(at).toBeGreaterThan(0);
  });
});

/** What curl prints: untyped, as whoever copies the line sees it. */
type Shown = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Makes the call that a line of curl makes, and expects the status that its comment names. */
async function run(line: string, shell: Readonly<Record<string, string>>): Promise<Shown> {
  const command = line.replaceAll(/'?\$(\w+)'?/g, (_, name: string) => {
    const value = shell[name];
    if (value === undefined) throw new Error(`$${name} is not set: ${line}`);
    return value;
  });
  const [, url = ''] = command.match(/ (http\S+)/) ?? [];
  const [, method = 'GET'] = command.match(/^curl -sX (\w+)/) ?? [];
  const [, body] = command.match(/ -d '([^']*)'/) ?? [];
  const headers = Object.fromEntries(
    [...command.matchAll(/ -H (["'])([^:]+): (.*?)\1/g)].map(
      ([, , name = '', value = '']) => [name, value] as const,
    ),
  );
  const [, status] = command.match(/# (\d{3})$/) ?? [];
  const answer = await fetch(url, { method, headers, ...(body && { body }) });
  expect(answer.status, line).toBe(Number(status));
  return (await answer.json()) as Shown;
}
