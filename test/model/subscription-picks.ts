import fc from 'fast-check';
import { type Command, commandsOf } from './command.ts';
import type * as outside from './subscription-outside.ts';
import type { Life } from './subscription-run.ts';
import { type Books, type Card, CARDS, liveOf, type Sub } from './subscriptions.ts';

// What commands are drawn with, and what they find.

export type SubscriptionCommand = Command<Books, Life>;

export const command = commandsOf<Books, Life>();

export const trouble = fc.oneof(
  { weight: 3, arbitrary: fc.constant('none' as const) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'psp503' as const,
      'pspLost' as const,
      'pspLags' as const,
      'hookFirst' as const,
      'hookLost' as const,
      'hookTwice' as const,
    ),
  },
);
export const hookTrouble = fc.oneof(
  { weight: 3, arbitrary: fc.constant('none' as const) },
  { weight: 2, arbitrary: fc.constantFrom('hookLost' as const, 'hookTwice' as const) },
);
export const pick = fc.nat(20_000);
export const plan = fc.constantFrom('creator' as const, 'premium' as const);
export const cycle = fc.constantFrom('monthly' as const, 'monthly' as const, 'yearly' as const);
export const card = fc.oneof(
  { weight: 3, arbitrary: fc.constant('good' as const) },
  { weight: 2, arbitrary: fc.constantFrom(...(Object.keys(CARDS) as Card[])) },
);

export const oneOf = <T>(found: readonly T[], at: number): T | null =>
  found[at % Math.max(found.length, 1)] ?? null;
export const attemptsBy = (books: Books, at: number, fits: (target: outside.Target) => boolean) =>
  oneOf(
    books.subs
      .flatMap((sub) =>
        sub.invoices.flatMap((invoice) => invoice.attempts.map((attempt) => ({ sub, invoice, attempt }))),
      )
      .filter(fits),
    at,
  );
export const invoicesBy = (books: Books, at: number, fits: (target: outside.Paid) => boolean) =>
  oneOf(books.subs.flatMap((sub) => sub.invoices.map((invoice) => ({ sub, invoice }))).filter(fits), at);
export const isCharged = ({ attempt: { status, inPerson } }: outside.Target) =>
  status === 'pending' && !inPerson;
/** Somebody's paid one. */
export const live = (books: Books, fits: (sub: Sub) => boolean = () => true): Sub | null => {
  const sub = liveOf(books);
  return sub !== null && sub.plan !== 'free' && fits(sub) ? sub : null;
};
export const free = (books: Books): Sub | null => {
  const sub = liveOf(books);
  return sub?.plan === 'free' ? sub : null;
};

/** Who has a subscription is seldom refused another. */
export const isRoomFor = (books: Books, at: number): boolean => {
  const has = live(books, ({ status }) => status !== 'pending_payment') !== null;
  return books.subs.length < 4 && (!has || at % 8 === 0);
};
