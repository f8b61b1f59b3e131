import fc from 'fast-check';
import * as buyers from './buyers.ts';
import { type Command, commandsOf, many } from './command.ts';
import type { Books, Order, Refund } from './money.ts';
import { type Life, PRODUCTS } from './run.ts';
import * as sellers from './sellers.ts';
import { TROUBLES } from './troubles.ts';

// What may happen, as fast-check draws and shrinks it. A command picks what it is about by a number, so that it still
// means something when those before it are left out.

export type ShopCommand = Command<Books, Life>;

const command = commandsOf<Books, Life>();

const trouble = fc.oneof(
  { weight: 3, arbitrary: fc.constant('none' as const) },
  { weight: 2, arbitrary: fc.constantFrom(...TROUBLES) },
);
const pspTrouble = fc.oneof(
  { weight: 3, arbitrary: fc.constant('none' as const) },
  { weight: 2, arbitrary: fc.constantFrom('hookLost' as const, 'hookTwice' as const, 'stripe503' as const) },
);
const pick = fc.nat(20_000);

const orderBy = (books: Books, at: number, fits: (order: Order) => boolean): Order | null => {
  const found = books.orders.filter(fits);
  return found.length === 0 ? null : found[at % found.length]!;
};

const refundBy = (books: Books, at: number, fits: (refund: Refund) => boolean) => {
  const found = books.orders.flatMap((order) =>
    order.refunds.filter(fits).map((refund) => ({ order, refund })),
  );
  return found.length === 0 ? null : found[at % found.length]!;
};

const isTaken = (order: Order) => order.captured !== null && order.refunds.length < 8;

export const purchases = fc
  .record({
    products: fc.uniqueArray(fc.nat(PRODUCTS.length - 1), { minLength: 1, maxLength: 3 }),
    payment: fc.oneof(
      { weight: 6, arbitrary: fc.constant('as ordered' as const) },
      { weight: 1, arbitrary: fc.constantFrom(...buyers.PAYMENTS) },
    ),
    trouble,
  })
  .map((args) =>
    command(
      'purchase',
      args,
      (books) => (books.orders.length < buyers.ORDERS_MAX ? books : null),
      (life, books) => buyers.purchase(life, books, args),
    ),
  );

const refundRequests = fc
  .record({
    at: pick,
    who: fc.constantFrom(
      'buyer' as const,
      'buyer' as const,
      'admin' as const,
      'seller 0' as const,
      'seller 1' as const,
    ),
    what: fc.constantFrom('all' as const, 'amount' as const, 'amount' as const, 'item' as const),
    pick,
    outcome: fc.constantFrom(
      'succeeds' as const,
      'succeeds' as const,
      'fails' as const,
      'stays open' as const,
    ),
    trouble,
  })
  .map((args) =>
    command(
      'refund',
      args,
      (books) => orderBy(books, args.at, isTaken),
      (life, books, order) => buyers.requestRefund(life, books, order, args),
    ),
  );

const decisions = fc
  .record({ at: pick, status: fc.constantFrom('succeeded' as const, 'failed' as const), trouble: pspTrouble })
  .map((args) =>
    command(
      'decide',
      args,
      (books) => refundBy(books, args.at, ({ status }) => status === 'pending'),
      (life, books, { order, refund }) => buyers.decide(life, books, order, refund, args),
    ),
  );

const lateSuccesses = fc.record({ at: pick, trouble: pspTrouble }).map((args) =>
  command(
    'succeeds after failing',
    args,
    (books) => refundBy(books, args.at, ({ status, atPsp }) => status === 'failed' && atPsp),
    (life, books, { order, refund }) =>
      buyers.decide(life, books, order, refund, { status: 'succeeded', trouble: args.trouble }),
  ),
);

const externals = fc.record({ at: pick, pick, trouble: pspTrouble }).map((args) =>
  command(
    'external refund',
    args,
    (books) => orderBy(books, args.at, isTaken),
    (life, books, order) =>
      buyers.external(life, books, order, {
        amount: buyers.someAmount(order, args.pick),
        trouble: args.trouble,
      }),
  ),
);

const unheardExternals = fc.record({ at: pick, trouble }).map((args) =>
  command(
    'external refund, unheard',
    args,
    (books) => orderBy(books, args.at, (order) => isTaken(order) && buyers.refundableUnheard(order) > 0),
    (life, books, order) => buyers.externalUnheard(life, books, order, args),
  ),
);

const cancellations = fc.record({ at: pick }).map((args) =>
  command(
    'cancelled after capture',
    args,
    (books) => orderBy(books, args.at, (order) => isTaken(order) && !order.failed && !order.cancelled),
    (life, books, order) => buyers.cancelAfterCapture(life, books, order),
  ),
);

const disputes = fc.record({ at: pick, pick, trouble: pspTrouble }).map((args) =>
  command(
    'dispute',
    args,
    (books) =>
      orderBy(books, args.at, (order) => isTaken(order) && order.dispute === null && order.disputes < 2),
    (life, books, order) =>
      buyers.openDispute(life, books, order, {
        amount: buyers.someAmount(order, args.pick),
        trouble: args.trouble,
      }),
  ),
);

const disputeEnds = fc
  .record({
    at: pick,
    end: fc.constantFrom('won' as const, 'lost' as const, 'cancelled' as const),
    trouble: pspTrouble,
  })
  .map((args) =>
    command(
      'dispute ends',
      args,
      (books) => orderBy(books, args.at, (order) => order.dispute !== null),
      (life, books, order) => buyers.closeDispute(life, books, order, args),
    ),
  );

const stripeSwitches = fc.constant(null).map(() =>
  command(
    'Stripe goes away or comes back',
    null,
    (books) => books,
    (life, books) =>
      books.stripeDown ? sellers.stripeComesBack(life, books) : sellers.stripeGoesDown(life, books),
  ),
);

const connections = fc.constant(null).map(() =>
  command(
    'seller connects',
    null,
    (books) => {
      const index = books.sellers.findIndex(({ connected }) => !connected);
      return index === -1 ? null : index;
    },
    (life, books, index) => sellers.connectSeller(life, books, index),
  ),
);

const outsideReversals = fc.record({ at: pick, pick }).map((args) =>
  command(
    'reversed in the dashboard',
    args,
    (books) => {
      const found = sellers.legsOf(books, (leg) => sellers.reversible(books, leg) > 0);
      return found.length === 0 ? null : found[args.at % found.length]!;
    },
    (life, books, target) => {
      const most = sellers.reversible(books, target.leg);
      const amount = args.pick % 3 === 0 ? most : 1 + (args.pick % most);
      return sellers.reverseInDashboard(life, books, target, amount);
    },
  ),
);

const payouts = fc.record({ seller: fc.nat(1), pick, trouble }).map((args) =>
  command(
    'payout',
    args,
    (books) => (sellers.canPayOut(books, args.seller) ? args.seller : null),
    (life, books, index) => sellers.payOut(life, books, index, args),
  ),
);

const payoutReturns = fc.record({ seller: fc.nat(1) }).map((args) =>
  command(
    'payout comes back',
    args,
    (books) => (books.sellers[args.seller]!.payouts.some(({ back }) => !back) ? args.seller : null),
    (life, books, index) => sellers.payoutComesBack(life, books, index),
  ),
);

const givingUp = fc.record({ at: pick }).map((args) =>
  command(
    'operator gives a reversal up',
    args,
    (books) => sellers.findReversal(books, 'open', args.at),
    (life, books, found) => sellers.giveUpReversal(life, books, found),
  ),
);

const retries = fc.record({ at: pick }).map((args) =>
  command(
    'operator retries a reversal',
    args,
    (books) => sellers.findReversal(books, 'failed', args.at),
    (life, books, found) => sellers.retryReversal(life, books, found),
  ),
);

const resolutions = fc
  .record({ at: pick, resolution: fc.constantFrom('settled_outside' as const, 'written_off' as const) })
  .map((args) =>
    command(
      'operator resolves a reversal',
      args,
      (books) => sellers.findReversal(books, 'failed', args.at),
      (life, books, found) => sellers.resolveReversal(life, books, found, args.resolution),
    ),
  );

const transferRetries = fc.record({ at: pick }).map((args) =>
  command(
    'operator retries a transfer',
    args,
    (books) => {
      const found = sellers.legsOf(books, (leg) => leg.asked && !leg.sent);
      return found.length === 0 ? null : found[args.at % found.length]!;
    },
    (life, books, found) => sellers.retryTransfer(life, books, found),
  ),
);

/** Weighted: what leads to other things comes more often. */
export const ALL: fc.Arbitrary<ShopCommand>[] = [
  ...many(4, purchases),
  ...many(6, refundRequests),
  ...many(2, decisions),
  ...many(2, lateSuccesses),
  ...many(2, externals),
  ...many(2, unheardExternals),
  ...many(2, disputes),
  ...many(2, disputeEnds),
  ...many(2, stripeSwitches),
  ...many(2, outsideReversals),
  ...many(2, payouts),
  cancellations,
  connections,
  payoutReturns,
  transferRetries,
  // There is seldom something for these to be done to, and then they are passed over.
  ...many(4, givingUp),
  ...many(2, retries),
  ...many(3, resolutions),
];
