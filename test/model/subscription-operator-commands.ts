import fc from 'fast-check';
import { many } from './command.ts';
import { askedOfFree, leaveFree, REFUSED_TO_FREE, subscribeToFree } from './subscription-free.ts';
import * as operators from './subscription-operators.ts';
import * as outside from './subscription-outside.ts';
import {
  attemptsBy,
  command,
  cycle,
  free,
  hookTrouble,
  invoicesBy,
  isCharged,
  isRoomFor,
  live,
  oneOf,
  pick,
  plan,
  type SubscriptionCommand,
} from './subscription-picks.ts';
import { raisePrice, withdraw } from './subscription-prices.ts';
import { type Books, chargeableOf, hasAccess, liveOf, openOf, type Sub } from './subscriptions.ts';

// What is drawn of Free, prices, operators, phantoms and a PSP that is down.

const frees = fc.record({ at: pick, trouble: hookTrouble }).map((args) =>
  command(
    'subscribe to Free',
    args,
    (books) => (isRoomFor(books, args.at) ? books : null),
    (life, books) => subscribeToFree(life, books, args),
  ),
);
const leavings = fc
  .constant(null)
  .map(() => command('Free is left', null, free, (life, books) => leaveFree(life, books)));
const asksOfFree = fc
  .constantFrom(...REFUSED_TO_FREE)
  .map((path) => command('asked of Free', path, free, (life, books) => askedOfFree(life, books, path)));
const raises = fc.record({ plan, cycle, by: fc.constantFrom(101, 250, 1_000) }).map((args) =>
  command(
    'a price is raised',
    args,
    (books) => books,
    (life, books) => raisePrice(life, books, args),
  ),
);
const withdrawals = plan.map((which) =>
  command(
    'a plan is withdrawn or offered again',
    which,
    (books) => books,
    (life, books) => withdraw(life, books, which),
  ),
);
const moves = fc.record({ at: pick }).map((args) =>
  command(
    'move_price',
    args,
    // Where there is nothing to move, it is seldom refused.
    (books) => {
      const found = oneOf(books.subs, args.at);
      const isMoved = found !== null && found.plan !== 'free' && hasOtherPrice(books, found);
      return isMoved || args.at % 8 === 0 ? found : null;
    },
    (life, books, sub) => operators.movePrice(life, books, sub),
  ),
);
const hasOtherPrice = (books: Books, { plan: of, cycle: by, price }: Sub) =>
  of !== 'free' && books.market.prices[of][by] !== price;
const chargesNow = fc.record({ at: pick }).map((args) =>
  command(
    'charge_now',
    args,
    (books) => invoicesBy(books, args.at, ({ invoice }) => invoice.status === 'open' || args.at % 8 === 0),
    (life, books, target) => operators.chargeNow(life, books, target),
  ),
);
const mayEnd = ({ status, reason }: outside.Paid['invoice']) => status === 'open' && reason !== 'first';
const voids = fc.record({ at: pick }).map((args) =>
  command(
    'void_invoice',
    args,
    // Most of what is open would be paid soon.
    (books) => invoicesBy(books, args.at, ({ invoice }) => mayEnd(invoice) || args.at % 8 === 0),
    (life, books, target) => operators.voidInvoice(life, books, target),
  ),
);
const ends = fc.record({ at: pick }).map((args) =>
  command(
    'end_now',
    args,
    // A life that ends early shows little.
    (books) => (args.at % 3 === 0 ? oneOf(books.subs, args.at) : null),
    (life, books, sub) => operators.endNow(life, books, sub),
  ),
);
const phantoms = plan.map((which) =>
  command(
    'a row says that it is paid',
    which,
    (books) => (liveOf(books) === null && books.subs.length < 4 ? books : null),
    (life, books) => operators.makePhantom(life, books, which),
  ),
);
const sweeps = fc.boolean().map((isDry) =>
  command(
    'phantoms are swept',
    { isDry },
    (books) => (books.subs.some(({ isMadeUp }) => isMadeUp) ? books : null),
    (life, books) => operators.sweepPhantoms(life, books, isDry),
  ),
);
const outages = fc.constant(null).map(() =>
  command(
    'the PSP is down beyond the grace',
    null,
    (books) =>
      live(
        books,
        (sub) =>
          sub.status === 'active' &&
          chargeableOf(sub) !== null &&
          openOf(sub) === null &&
          hasAccess(sub, sub.to! - 1) &&
          attemptsBy({ ...books, subs: [sub] }, 0, isCharged) === null,
      ),
    (life, books, sub) => outside.pspIsDown(life, books, sub),
  ),
);

export const OF_OPERATORS: fc.Arbitrary<SubscriptionCommand>[] = [
  ...many(2, frees),
  leavings,
  asksOfFree,
  ...many(2, raises),
  withdrawals,
  ...many(4, moves),
  ...many(3, chargesNow),
  ...many(2, voids),
  ends,
  ...many(3, phantoms),
  ...many(3, sweeps),
  ...many(2, outages),
];
