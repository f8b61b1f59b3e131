import { describe, expect, test } from 'vitest';
import { MAIL_KINDS, type MailText, type RequestMailText, textOfMail } from '../../domain/mails.ts';

const SITE = { appUrl: 'https://shop.example' };
const AT = '2026-12-13T10:00:00.000Z';
const EVIL = `<img src="https://evil.example/x.png">&'`;
const URL = 'https://shop.example/verify-email#token=abc';

const paid = {
  invoice_id: '1',
  number: 'VZ-2026-000001',
  plan: EVIL,
  amount: 999,
  currency: 'USD',
  billing_cycle: 'monthly',
  period_start: AT,
  period_end: AT,
} as const;
const unpaid = { plan: EVIL, invoice_id: '1', decline_code: null, amount: 999, currency: 'USD' };
const order = { order_id: 'order-1', amount: 2500, currency: 'EUR' };
const money = { amount: 2500, currency: 'EUR' };

const MAILS: readonly (MailText | RequestMailText)[] = [
  { kind: 'verify_email', params: { url: URL, replaces: false } },
  { kind: 'verify_email', params: { url: URL, replaces: true } },
  { kind: 'already_registered', params: {} },
  { kind: 'password_reset', params: { url: URL } },
  { kind: 'confirm_email_change', params: { url: URL } },
  { kind: 'password_changed', params: {} },
  { kind: 'email_change_requested', params: { new_address: 'a***@people.example' } },
  { kind: 'email_changed', params: { new_address: 'a***@people.example' } },
  { kind: 'two_factor_on', params: {} },
  { kind: 'two_factor_off', params: {} },
  { kind: 'two_factor_blocked', params: { until: AT } },
  { kind: 'backup_code_used', params: { left: 1 } },
  { kind: 'oauth_linked', params: { provider: 'github' } },
  { kind: 'oauth_unlinked', params: { provider: 'oidc' } },
  { kind: 'new_sign_in', params: { at: AT, client: null, browser: EVIL } },
  { kind: 'session_reuse', params: { at: AT } },
  { kind: 'invitation', params: { url: URL, expires_at: AT } },
  { kind: 'order_receipt', params: { ...order, items: 2 } },
  { kind: 'refund_asked', params: order },
  { kind: 'refund_succeeded', params: order },
  { kind: 'refund_failed', params: order },
  { kind: 'payout_paid', params: money },
  { kind: 'payout_failed', params: money },
  { kind: 'subscription_started', params: paid },
  { kind: 'trial_started', params: { plan: EVIL, ends_at: AT } },
  { kind: 'trial_ending', params: { ...money, plan: EVIL, at: AT } },
  { kind: 'trial_over', params: { plan: EVIL, reason: 'unpaid' } },
  { kind: 'invoice_receipt', params: { ...paid, number: null, period_end: null } },
  { kind: 'year_renews_soon', params: { ...money, plan: EVIL, at: AT } },
  { kind: 'payment_failed', params: { ...unpaid, next: 'another_card', next_at: AT } },
  { kind: 'bank_wants_you', params: unpaid },
  { kind: 'subscription_recovered', params: paid },
  { kind: 'subscription_expired', params: { plan: EVIL, reason: 'unpaid' } },
  { kind: 'subscription_canceled', params: { plan: EVIL, ends_at: AT, cause: 'dispute' } },
  { kind: 'subscription_taken_back', params: { plan: EVIL, renews_at: null, cause: 'person' } },
  { kind: 'subscription_changed', params: paid },
  { kind: 'change_failed', params: unpaid },
  { kind: 'invoice_refunded', params: { ...money, invoice_id: '1', number: null, reason: 'goodwill' } },
  { kind: 'export_ready', params: { export_id: '1', expires_at: AT } },
  { kind: 'export_failed', params: {} },
  { kind: 'export_downloaded', params: { at: AT } },
  { kind: 'deletion_scheduled', params: { final_at: AT, keeps_public_tracks: true } },
  { kind: 'deletion_reminder', params: { final_at: AT } },
  { kind: 'deletion_waits', params: { waits: `balance_available,refund_window,${EVIL}` } },
  { kind: 'deletion_undone', params: {} },
  { kind: 'deletion_done', params: { sold: true } },
  {
    kind: 'price_moves',
    params: { plan: EVIL, amount_now: 999, amount_then: 1299, currency: 'USD', not_before: AT },
  },
];

test('every kind has a text', () => {
  const kinds = MAILS.map(({ kind }) => kind);
  expect(MAIL_KINDS.filter((kind) => !kinds.includes(kind))).toEqual([]);
});

describe.each(MAILS)('$kind', (mail) => {
  const { subject, text, html } = textOfMail(mail, SITE);

  test('says all of itself', () => {
    for (const part of [subject, text, html]) expect(part).not.toMatch(/undefined|null|NaN|\[object/);
    expect(subject).toMatch(/^[^\r\n]{5,140}$/);
    expect(text.length).toBeGreaterThan(40);
  });

  test('loads nothing, and lets nothing in that somebody named', () => {
    expect(html).not.toMatch(/<(?:img|script|link|style|iframe|object)\b|<[^>]*\s(?:src|background)=|url\(/);
    expect(html).toMatch(/^<!doctype html><html lang="en">/);
  });

  test('has its links in both, and they are of the shop', () => {
    const links = [...text.matchAll(/https?:\/\/\S+/g)]
      .map(([link]) => link)
      .filter((link) => !link.includes('evil'));
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      expect(link.startsWith('https://shop.example/')).toBe(true);
      expect(html).toContain(`href="${link}"`);
    }
  });
});

test.each<[string, MailText, string]>([
  [
    'a browser’s name',
    {
      kind: 'new_sign_in',
      params: { at: AT, client: null, browser: 'See https://evil.example/x or www.evil。example' },
    },
    'See https[:]//evil[.]example/x or www[.]evil[.]example',
  ],
  [
    'a browser’s long name',
    { kind: 'new_sign_in', params: { at: AT, client: null, browser: 'a'.repeat(500) } },
    `${'a'.repeat(140)}…`,
  ],
  [
    'the host of an address that was asked for',
    { kind: 'email_change_requested', params: { new_address: 'a***@evil.example' } },
    'a***@evil[.]example',
  ],
  [
    'the host of an address that has taken its place',
    { kind: 'email_changed', params: { new_address: 'a***@evil.example' } },
    'a***@evil[.]example',
  ],
])('no link is made of what a stranger chose: %s', (_, mail, said) => {
  const { text, html } = textOfMail(mail, SITE);
  for (const part of [text, html]) {
    expect(part).toContain(said);
    expect(part).not.toContain('evil.example');
  }
  expect(text).not.toContain('a'.repeat(141));
});

test('a browser that means no harm is named as it is', () => {
  const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0';
  const { text } = textOfMail({ kind: 'new_sign_in', params: { at: AT, client: null, browser } }, SITE);
  expect(text).toContain(`Browser: ${browser}`);
});

test('money and times are written for people', () => {
  const { text, subject } = textOfMail(
    { kind: 'payment_failed', params: { ...unpaid, plan: 'Creator', next: 'charged_again', next_at: AT } },
    SITE,
  );
  expect(subject).toBe('The payment for Creator failed');
  expect(text).toContain('9.99 USD');
  expect(text).toContain('2026-12-13 10:00 UTC');
});
