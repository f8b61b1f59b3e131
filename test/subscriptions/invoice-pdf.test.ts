import { expect, it } from 'vitest';
import { invoicePdf, type PaidInvoice } from '../../api/subscriptions/invoice-pdf.ts';
import { wordsOf } from '../harness/pdf.ts';

const ID = '019a0000-0000-7000-8000-000000000001';
const INVOICE: PaidInvoice = {
  id: ID,
  subscriptionId: ID,
  priceId: ID,
  number: 'VZ-2026-000001',
  status: 'paid',
  reason: 'first',
  issuer: 'Veza; 1 Former Street',
  issuedTo: { userId: ID, email: 'issued-to@people.example' },
  periodStart: new Date('2026-03-01T12:00:00Z'),
  periodEnd: new Date('2026-04-01T12:00:00Z'),
  amountMinor: 999,
  taxMinor: 100,
  refundedMinor: 0,
  currency: 'USD',
  hyperswitchPaymentId: ID,
  paidAt: new Date('2026-03-01T12:00:00Z'),
  createdAt: new Date('2026-03-01T12:00:00Z'),
  lines: [
    { id: ID, invoiceId: ID, position: 1, kind: 'plan', description: 'Creator, a month', amountMinor: 999 },
  ],
};

it.each([
  ['Polish', 'Zażółć gęślą jaźń'],
  ['Czech', 'Příliš žluťoučký kůň'],
  ['Turkish', 'Iğdır, Şişli'],
  ['Vietnamese', 'Đường Nguyễn Huệ'],
  ['Greek', 'Οδός Αθηνάς 12, Θεσσαλονίκη'],
  ['Cyrillic', 'вулиця Хрещатик, Київ; Щёлково; Ђорђе'],
  ['what it could print before', 'Straße 1, Île-de-France, “affine”, € 5'],
])('names of all Europe can be read in the PDF: %s', async (_, name) => {
  const email = `${name.split(' ')[0]}@people.example`;
  const pdf = await invoicePdf({ ...INVOICE, issuer: name, issuedTo: { userId: ID, email } });
  const words = wordsOf(pdf);
  for (const line of name.split(';')) expect(words).toContain(line.trim());
  expect(words).toContain(email);
  expect(words).not.toContain('\0');
});

it('the same bytes each time, whatever was printed before', async () => {
  const first = await invoicePdf(INVOICE);
  await invoicePdf({ ...INVOICE, issuer: 'Zażółć gęślą jaźń' });
  expect((await invoicePdf(INVOICE)).equals(first)).toBe(true);
});

it('the file has its letters with it: a reader needs no font of its own', async () => {
  const pdf = (await invoicePdf(INVOICE)).toString('latin1');
  const fonts = [...pdf.matchAll(/\/BaseFont \/(\S+)/g)].map(([, font]) => font);
  expect(new Set(fonts)).toEqual(new Set(fonts.filter((font) => /^[A-Z]{6}\+DejaVuSans/.test(font ?? ''))));
  expect(fonts.length).toBeGreaterThan(0);
  expect(pdf.match(/\/FontFile2/g)).toHaveLength(2);
});
