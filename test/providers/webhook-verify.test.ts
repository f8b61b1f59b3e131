import { createHash, createHmac } from 'node:crypto';
import Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { bodyHash, verifyHyperswitch, verifyStripe } from '../../providers/webhooks/verify.ts';

const BODY = Buffer.from('{"event_id":"evt_1","note":"ü, €"}');

describe('verifyHyperswitch', () => {
  const sign = (secret: string, body: Uint8Array = BODY) =>
    createHmac('sha512', secret).update(body).digest('hex');
  const good = sign('new');

  test.each<[string, string | undefined, string[], boolean]>([
    ['good', good, ['new'], true],
    ['rotated: the second secret', good, ['old', 'new'], true],
    ['rotated: the first secret', sign('old'), ['old', 'new'], true],
    ['another secret', sign('other'), ['old', 'new'], false],
    ['missing', undefined, ['new'], false],
    ['empty', '', ['new'], false],
    ['upper case', good.toUpperCase(), ['new'], false],
    ['one character short', good.slice(1), ['new'], false],
    ['one character long', `${good}0`, ['new'], false],
    ['a newline after it', `${good}\n`, ['new'], false],
    ['not hex at its end', `${good.slice(0, 126)}zz`, ['new'], false],
    ['SHA-256 in its place', createHmac('sha256', 'new').update(BODY).digest('hex'), ['new'], false],
    ['no secret configured', sign(''), [], false],
    ['an empty secret signs nothing', sign(''), ['', ' '], false],
  ])('%s', (_name, signature, secrets, verified) => {
    expect(verifyHyperswitch(BODY, signature, secrets)).toBe(verified);
  });

  test('one byte changed', () => {
    const changed = Buffer.from(BODY);
    changed[changed.length - 2] = 0;
    expect(verifyHyperswitch(changed, good, ['new'])).toBe(false);
  });
});

describe('verifyStripe', () => {
  const EVENT = Buffer.from(
    JSON.stringify({ id: 'evt_1', object: 'event', type: 'payout.paid', note: 'ü, €' }),
  );
  const NOW_S = Math.floor(Date.now() / 1000);
  const sign = (secret: string, options: { body?: Buffer; timestamp?: number } = {}) =>
    Stripe.webhooks.generateTestHeaderStringAsync({
      payload: (options.body ?? EVENT).toString('utf8'),
      secret,
      timestamp: options.timestamp ?? NOW_S,
    } as Parameters<typeof Stripe.webhooks.generateTestHeaderStringAsync>[0]);

  test('good', async () => {
    const verified = await verifyStripe(EVENT, await sign('whsec_new'), ['whsec_new']);
    expect(verified).toMatchObject({ ok: true, event: { id: 'evt_1', note: 'ü, €' } });
  });

  test.each([['whsec_old'], ['whsec_new']])('rotated: %s', async (secret) => {
    expect((await verifyStripe(EVENT, await sign(secret), ['whsec_old', 'whsec_new'])).ok).toBe(true);
  });

  test.each<[string, () => Promise<string | undefined>, string[]]>([
    ['another secret', () => sign('whsec_other'), ['whsec_old', 'whsec_new']],
    ['missing', async () => undefined, ['whsec_new']],
    ['empty', async () => '', ['whsec_new']],
    ['nonsense', async () => 'nonsense', ['whsec_new']],
    ['older than the tolerance', () => sign('whsec_new', { timestamp: NOW_S - 310 }), ['whsec_new']],
    ['of another body', () => sign('whsec_new', { body: Buffer.from('{}') }), ['whsec_new']],
    ['no secret configured', () => sign('whsec_new'), []],
    ['only empty secrets', () => sign('whsec_new'), ['', ' ']],
  ])('bad signature: %s', async (_name, header, secrets) => {
    expect(await verifyStripe(EVENT, await header(), secrets)).toEqual({
      ok: false,
      reason: 'bad_signature',
    });
  });

  test('within the tolerance', async () => {
    const header = await sign('whsec_new', { timestamp: NOW_S - 280 });
    expect((await verifyStripe(EVENT, header, ['whsec_new'])).ok).toBe(true);
  });

  test.each(['not json', '{"half":', '[]', '"text"', 'null', '{"object":"v2.core.event"}'])(
    'signed, but no event: %s',
    async (text) => {
      const body = Buffer.from(text);
      const header = await sign('whsec_new', { body });
      expect(await verifyStripe(body, header, ['whsec_old', 'whsec_new'])).toEqual({
        ok: false,
        reason: 'not_an_event',
      });
    },
  );
});

test('bodyHash', () => {
  expect(bodyHash(BODY)).toBe(createHash('sha256').update(BODY).digest('hex'));
  expect(bodyHash(BODY)).toMatch(/^[0-9a-f]{64}$/);
});
