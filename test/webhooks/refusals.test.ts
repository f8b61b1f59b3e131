import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stripeSignature } from '../../stand-ins/stripe/books.ts';
import { expectCleanBooks } from '../harness/books.ts';
import { openShop } from '../harness/shop.ts';
import { placedOrder } from '../harness/stories.ts';
import { World } from '../harness/world.ts';
import {
  anotherApi,
  deliver,
  hyperswitchSignature,
  newEventId,
  orderEnded,
  realEvent,
  signed,
  stored,
  storedCount,
  taken,
} from './support.ts';

const MIB = 1024 * 1024;

let world: World;
beforeAll(async () => {
  world = await World.create();
});
afterAll(() => world.close());

const nothing = (eventId = newEventId()) => ({ event_id: eventId, event_type: 'payment_processing' });
const stripeEvent = (eventId = newEventId()) => ({
  id: eventId,
  object: 'event',
  type: 'customer.created',
  created: Math.floor(Date.now() / 1000),
  data: { object: {} },
});
const EVENTS = { hyperswitch: nothing, stripe: stripeEvent };
const PROVIDERS = ['hyperswitch', 'stripe'] as const;

/** Refused with this status and code, and the inbox is as it was. */
async function refused(sending: ReturnType<typeof deliver>, status: number, code: string): Promise<void> {
  const before = await storedCount(world);
  const answer = await sending;
  expect(answer.status, JSON.stringify(answer.body)).toBe(status);
  expect(answer.body).toMatchObject({ code, status });
  expect(await storedCount(world)).toBe(before);
}

describe('signatures', () => {
  it.each(PROVIDERS)('bad, missing and of another body: 401 at %s, counted, not stored', async (provider) => {
    const api = await anotherApi(world, {});
    const event = EVENTS[provider]();
    const body = JSON.stringify(event);
    const good = signed(world, provider, body);
    const [[name, value]] = Object.entries(good) as [[string, string]];
    const bad: Record<string, string>[] = [
      {},
      { [name]: '' },
      { [name]: value.slice(0, -1) },
      { [name]: value.toUpperCase() },
      { [name]: `${value.slice(0, -1)}${value.endsWith('0') ? '1' : '0'}` },
      signed(world, provider, `${body} `),
    ];
    if (provider === 'hyperswitch')
      bad.push(hyperswitchSignature(body, ''), hyperswitchSignature(body, 'other'));
    else bad.push({ [name]: stripeSignature(body, 'whsec_other') });
    for (const headers of bad) {
      await refused(deliver(world, provider, body, { headers, apiUrl: api.url }), 401, 'signature_invalid');
    }
    const counted = api.logLines
      .map((line) => JSON.parse(line) as { event?: string; provider?: string })
      .filter((line) => line.event === 'webhook_signature_refused' && line.provider === provider);
    expect(counted).toHaveLength(bad.length);
    await taken(world, provider, body, 'ignored', { headers: good, apiUrl: api.url });
    await api.close();
  });

  it.each(PROVIDERS)(
    'rotated: %s may sign with the old secret and the new one, until the old is gone',
    async (p) => {
      const variable = p === 'hyperswitch' ? 'HYPERSWITCH_WEBHOOK_SECRET' : 'STRIPE_WEBHOOK_SECRET';
      const old = world.env[variable]!;
      const signWith = (secret: string, body: string) =>
        p === 'hyperswitch'
          ? hyperswitchSignature(body, secret)
          : { 'stripe-signature': stripeSignature(body, secret) };
      const rotating = await anotherApi(world, { [variable]: `${old}, whsec_the_new_one` });
      for (const secret of [old, 'whsec_the_new_one']) {
        const body = JSON.stringify(EVENTS[p]());
        await taken(world, p, body, 'ignored', { headers: signWith(secret, body), apiUrl: rotating.url });
      }
      await rotating.close();

      const rotated = await anotherApi(world, { [variable]: 'whsec_the_new_one,' });
      const body = JSON.stringify(EVENTS[p]());
      for (const secret of [old, '']) {
        const headers = signWith(secret, body);
        await refused(deliver(world, p, body, { headers, apiUrl: rotated.url }), 401, 'signature_invalid');
      }
      await rotated.close();
    },
  );

  it('a PSP that rotates its own secret is refused until we know it; its retry is then taken', async () => {
    const { buyer, productIds } = await openShop(world);
    const orderId = await placedOrder(world, buyer, productIds);
    world.psp.control.setWebhookSecret('whsec_the_new_one');
    world.psp.control.pay(orderId);
    const refusedOnce = await world.psp.control.waitForDelivery((d) => d.objectId === orderId, {
      state: 'retrying',
    });
    world.psp.control.setWebhookSecret(world.env['HYPERSWITCH_WEBHOOK_SECRET']!);
    expect(refusedOnce.attempts[0]).toMatchObject({ status: 401 });
    expect(await stored(world, 'hyperswitch', refusedOnce.eventId)).toBeNull();
    expect((await world.order(orderId)).status).toBe('pending');

    const rotating = await anotherApi(world, {
      HYPERSWITCH_WEBHOOK_SECRET: `${world.env['HYPERSWITCH_WEBHOOK_SECRET']},whsec_the_new_one`,
    });
    // Hyperswitch sends the same bytes under the same signature again.
    const { body, attempts } = refusedOnce;
    await taken(world, 'hyperswitch', body, 'signalled', {
      headers: attempts[0]!.headers,
      apiUrl: rotating.url,
    });
    expect((await orderEnded(world, orderId)).status).toBe('completed');
    await rotating.close();
    await expectCleanBooks(world);
  });

  it('Stripe’s tolerance: five minutes, over the signed time', async () => {
    const nowS = Math.floor(Date.now() / 1000);
    const secret = world.env['STRIPE_WEBHOOK_SECRET']!;
    const body = JSON.stringify(stripeEvent());
    const at = (seconds: number) => ({
      headers: { 'stripe-signature': stripeSignature(body, secret, nowS + seconds) },
    });
    await refused(deliver(world, 'stripe', body, at(-310)), 401, 'signature_invalid');
    const forged = stripeSignature(body, secret, nowS - 310).replace(/t=\d+/, `t=${nowS}`);
    await refused(
      deliver(world, 'stripe', body, { headers: { 'stripe-signature': forged } }),
      401,
      'signature_invalid',
    );
    await taken(world, 'stripe', body, 'ignored', at(-280));
  });
});

describe('bodies', () => {
  it.each(PROVIDERS)(
    'oversized: above 1 MiB is 413 at %s, said or unsaid; 1 MiB is taken',
    async (provider) => {
      const sized = (bytes: number) => {
        const event = EVENTS[provider]();
        const frame = JSON.stringify({ ...event, padding: '' });
        return JSON.stringify({ ...event, padding: 'x'.repeat(bytes - frame.length) });
      };
      const sending = deliver(world, provider, sized(MIB + 1));
      await refused(sending, 413, 'payload_too_large');
      // The rest of the body is not read: a provider that reused the connection would lose its next webhook.
      expect((await sending).headers.get('connection')).toBe('close');

      const body = new TextEncoder().encode(sized(MIB + 1));
      const before = await storedCount(world);
      const streamed = await fetch(`${world.apiUrl}/api/v1/webhooks/${provider}`, {
        method: 'POST',
        headers: signed(world, provider, body),
        body: new Blob([body]).stream(),
        duplex: 'half',
      });
      expect(streamed.status).toBe(413);
      await streamed.arrayBuffer();
      expect(await storedCount(world)).toBe(before);

      await taken(world, provider, sized(MIB), 'ignored');
    },
  );

  it('truncated: 401 under the signature of the whole, 400 where the part is signed', async () => {
    const whole = JSON.stringify(nothing());
    const part = whole.slice(0, -10);
    const headers = signed(world, 'hyperswitch', whole);
    await refused(deliver(world, 'hyperswitch', part, { headers }), 401, 'signature_invalid');
    await refused(deliver(world, 'hyperswitch', part), 400, 'malformed_json');
    await refused(
      deliver(world, 'stripe', JSON.stringify(stripeEvent()).slice(0, -10)),
      400,
      'webhook_malformed',
    );
  });

  it('truncated on the wire: nothing is stored, and the next delivery is taken', async () => {
    const event = nothing();
    const body = JSON.stringify(event);
    const { hostname, port } = new URL(world.apiUrl);
    const before = await storedCount(world);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    const [[name, value]] = Object.entries(signed(world, 'hyperswitch', body)) as [[string, string]];
    socket.end(
      `POST /api/v1/webhooks/hyperswitch HTTP/1.1\r\nhost: ${hostname}\r\n${name}: ${value}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 20)}`,
    );
    socket.resume();
    await once(socket, 'close');
    expect(await storedCount(world)).toBe(before);
    await taken(world, 'hyperswitch', event, 'ignored');
  });

  it.each([
    ['nothing', ''],
    ['a word', 'refund!'],
    ['a NUL', '{"event_type":"refund\0"}'],
    ['invalid UTF-8', new Uint8Array([...Buffer.from('{"event_id":"'), 0xc3, 0x28, ...Buffer.from('"}')])],
  ])('not JSON: %s is 400', async (_, body) => {
    await refused(deliver(world, 'hyperswitch', body), 400, 'malformed_json');
  });

  it.each([
    ['a list', '[]'],
    ['null', 'null'],
    ['a number', '12'],
    ['a text', '"refund"'],
  ])('JSON that is no event: %s is 400', async (_, body) => {
    await refused(deliver(world, 'hyperswitch', body), 400, 'webhook_malformed');
    await refused(deliver(world, 'stripe', body), 400, 'webhook_malformed');
  });

  it.each([
    ['flat', { event_type: 'refund.succeeded', payment_id: 'pay_x', status: 'succeeded' }],
    ['nested', { event_type: 'refund_failed', content: { object: { payment_id: 'pay_x' } } }],
    ['an empty one', { event_type: 'refund_succeeded', refund_id: '  ' }],
    ['no text', { event_type: 'refund_succeeded', refund_id: 12 }],
  ])('a refund event without a refund id (%s) is 400', async (_, event) => {
    await refused(
      deliver(world, 'hyperswitch', { event_id: newEventId(), ...event }),
      400,
      'webhook_malformed',
    );
  });

  it('a Stripe event of ours without its object is 400', async () => {
    const event = { ...stripeEvent(), type: 'transfer.reversed' };
    await refused(deliver(world, 'stripe', event), 400, 'webhook_malformed');
  });

  it('a body whose real shape says nothing we know is taken and ignored', async () => {
    await taken(world, 'hyperswitch', realEvent('mandate_active', 'payment_details', {}), 'ignored');
  });
});
